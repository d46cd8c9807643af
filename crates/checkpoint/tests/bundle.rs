//! Bundles: the parts make the file again, and every unsound list is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sightline_checkpoint::bundle::{Bundle, write};
use sightline_checkpoint::hash::sha256_hex;

/// Number of bytes of the made-up files; several parts each.
const LANGUAGE: usize = 10_000;
const MODEL: usize = 2_500;
const PART: u64 = 1_000;

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len)
        .map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed) ^ (i >> 8) as u8)
        .collect()
}

/// A weights folder with the shipped manifest's first model over files of noise; the language
/// model's path.
fn weights(folder: &Path) -> PathBuf {
    let shipped = include_str!("../../../weights/manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_str(shipped).unwrap();
    let (language, model) = (bytes(LANGUAGE, 1), bytes(MODEL, 2));
    manifest["models"].as_array_mut().unwrap().truncate(1);
    let row = &mut manifest["language_models"][0];
    row["bytes"] = LANGUAGE.into();
    row["sha256"] = sha256_hex(&language).into();
    let row = &mut manifest["models"][0];
    row["files"] = serde_json::json!([{"path": "a/model.safetensors", "bytes": MODEL, "sha256": sha256_hex(&model)}]);
    // Its file does not exist: nothing may ask for it.
    manifest["blind"] = blind();
    std::fs::create_dir(folder.join("a")).unwrap();
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    std::fs::write(folder.join("classes.json"), r#"["cat", "dog"]"#).unwrap();
    std::fs::write(folder.join("a/model.safetensors"), model).unwrap();
    let path = folder.join("language.gguf");
    std::fs::write(&path, language).unwrap();
    path
}

fn blind() -> serde_json::Value {
    serde_json::json!({
        "id": "sightline-blind", "language_model": "smollm2-135m-instruct-q4_1", "adapters": {"rank": 16, "alpha": 32}, "text_start": 197,
        "files": [{"path": "sightline-blind/model.safetensors", "bytes": 7, "sha256": "0".repeat(64)}],
    })
}

fn paths(bundle_of: &Path) -> BTreeMap<String, PathBuf> {
    [("smollm2-135m-instruct-q4_1".to_owned(), bundle_of.to_owned())].into()
}

#[test]
fn parts_are_the_files() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let language = weights(folder.path());
    std::fs::create_dir(out.path().join("parts")).unwrap();
    std::fs::write(out.path().join("parts/stale.part"), "old").unwrap();
    write(folder.path(), &paths(&language), out.path(), PART).unwrap();
    let json = std::fs::read_to_string(out.path().join("bundle.json")).unwrap();
    let bundle = Bundle::parse("bundle.json", &json).unwrap();
    assert_eq!(bundle.classes["classes.json"], ["cat", "dog"]);
    assert!(!json.contains(r#""blind""#), "{json}");
    let whole = |name: &str| -> Vec<u8> {
        let file = bundle.file(name).unwrap();
        let parts = file.parts.iter();
        parts
            .flat_map(|part| {
                let bytes = std::fs::read(out.path().join(part.path())).unwrap();
                assert_eq!(
                    (sha256_hex(&bytes), bytes.len() as u64),
                    (part.sha256.clone(), part.bytes)
                );
                bytes
            })
            .collect()
    };
    assert_eq!(whole("a/model.safetensors"), bytes(MODEL, 2));
    assert_eq!(whole("SmolLM2-135M-Instruct.Q4_1.gguf"), bytes(LANGUAGE, 1));
    let left = std::fs::read_dir(out.path().join("parts")).unwrap().count();
    assert_eq!(left, 10 + 3, "the stale part is gone");
}

#[test]
fn a_changed_file_is_not_cut() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let language = weights(folder.path());
    std::fs::write(folder.path().join("a/model.safetensors"), bytes(MODEL, 3)).unwrap();
    let error = write(folder.path(), &paths(&language), out.path(), PART).unwrap_err();
    assert!(error.to_string().contains("a/model.safetensors has sha256"), "{error}");
    assert!(!out.path().join("bundle.json").exists());
}

#[test]
fn a_missing_language_model_is_named() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    weights(folder.path());
    let error = write(folder.path(), &BTreeMap::new(), out.path(), PART).unwrap_err();
    assert!(error.to_string().contains("smollm2-135m-instruct-q4_1"), "{error}");
}

/// Every way to spoil the list gives an error that names what is wrong.
#[test]
fn unsound_lists_are_refused() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let language = weights(folder.path());
    let bundle = write(folder.path(), &paths(&language), out.path(), PART).unwrap();
    let good = serde_json::to_value(&bundle).unwrap();
    type Spoil = fn(&mut serde_json::Value);
    let cases: [(Spoil, &str); 11] = [
        (|v| v["version"] = 9.into(), "has version 9"),
        (|v| v["manifest"]["blind"] = blind(), "manifest.blind: is no part"),
        (|v| v["files"][0]["bytes"] = 7.into(), "files[0].bytes: is 7"),
        (
            |v| v["files"][0]["parts"] = serde_json::json!([]),
            "files[0].parts: has 0 parts",
        ),
        (
            |v| v["files"][0]["parts"][1]["sha256"] = "../../secret".into(),
            "files[0].parts[1].sha256",
        ),
        (
            |v| v["files"][0]["parts"][1]["bytes"] = (1u64 << 40).into(),
            "files[0].parts[1].bytes",
        ),
        (|v| v["files"][1]["name"] = "b".into(), "lacks `a/model.safetensors`"),
        (
            |v| v["files"][1]["name"] = v["files"][0]["name"].clone(),
            "appears twice",
        ),
        (|v| v["files"][0]["sha256"] = "0".repeat(64).into(), "is another one"),
        (|v| v["classes"] = serde_json::json!({}), "lacks `classes.json`"),
        (
            |v| v["manifest"]["models"][0]["transform"]["std"][0] = 0.into(),
            "transform.std",
        ),
    ];
    for (spoil, wanted) in cases {
        let mut value = good.clone();
        spoil(&mut value);
        let error = Bundle::parse("bundle.json", &value.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{error}");
    }
    for len in [0, 1, 100] {
        let json = good.to_string();
        assert!(Bundle::parse("bundle.json", &json[..len]).is_err());
    }
}
