//! `sightline look` with a tiny model: every map in every form, and what is refused.

#[path = "runs/bundle.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod bundle;
#[path = "runs/program.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod program;
#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod support;

use std::fs;
use std::path::Path;

use program::sightline;
use serde_json::Value;

const PICTURE: &str = "data/vizwiz/val/VizWiz_val_00000000.jpg";

/// Exit code, stdout and stderr.
fn look(here: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sightline(here, &[&["look"], args].concat())
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    bundle::write_questions(folder.path(), 1, 1);
    folder
}

#[test]
fn maps_are_written_as_pictures_and_as_numbers() {
    let folder = folder();
    let here = folder.path();
    for (map, more) in [
        ("receptive-field", vec!["--patch", "3,4", "--cover", "7"]),
        ("attention", vec!["--patch", "3,4", "--block", "0"]),
        (
            "word",
            vec!["--question", "What is this?", "--word", "this", "--layer", "1"],
        ),
    ] {
        let call = |out: &str| {
            let args = [&[PICTURE, "--map", map, "--out", out], &more[..]].concat();
            let (code, stdout, stderr) = look(here, &args);
            assert_eq!(code, Some(0), "{map}: {stdout}\n{stderr}");
            assert!(stdout.contains("does not show") || stdout.contains("not what") || stdout.contains("need not"));
            assert!(stdout.contains(&format!("Written: {out}")), "{stdout}");
        };
        call("map.json");
        let text = fs::read_to_string(here.join("map.json")).expect("read");
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let found = &json["maps"][0];
        assert_eq!(
            (found["kind"].as_str(), found["model"].as_str()),
            (Some(map), Some("model"))
        );
        let values: Vec<f64> = found["heats"][0]["values"]
            .as_array()
            .map(|values| values.iter().filter_map(Value::as_f64).collect())
            .unwrap_or_default();
        assert_eq!(values.len(), 196);
        if map == "attention" {
            assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-4);
        }
        call("map.PNG");
        assert!(fs::read(here.join("map.PNG")).expect("read").starts_with(b"\x89PNG"));
        call("map.svg");
        let svg = fs::read_to_string(here.join("map.svg")).expect("read");
        assert!(svg.starts_with("<svg") && svg.contains("ViT (attention)") && svg.ends_with("</svg>\n"));
    }
}

#[test]
fn a_map_that_no_model_has_is_no_file() {
    let folder = folder();
    let here = folder.path();
    for (args, code, wanted) in [
        (vec!["--map", "scan-directions"], 3, "it has no scan"),
        (vec!["--map", "attention", "--patch", "14,0"], 3, "rows go from 0 to 13"),
        (vec!["--map", "attention", "--block", "1"], 3, "they go from 0 to 0"),
        (vec!["--map", "attention", "--cover", "2"], 2, "--cover says nothing"),
        (vec!["--map", "word", "--word", "a"], 2, "--question"),
        (
            vec!["--map", "word", "--question", "What is this?", "--word", "zebra"],
            3,
            "neither in the answer nor in the question",
        ),
        (
            vec!["--map", "word", "--question", " ", "--word", "zebra"],
            3,
            "question is empty",
        ),
    ] {
        let args = [&[PICTURE, "--out", "map.png"], &args[..]].concat();
        let (found, stdout, stderr) = look(here, &args);
        assert_eq!(found, Some(code), "{args:?}: {stdout}\n{stderr}");
        assert!(
            stderr.contains(wanted) && stderr.trim().lines().count() == 1,
            "{args:?}: {stderr}"
        );
        assert!(!here.join("map.png").exists());
    }
    let (code, _, stderr) = look(
        here,
        &[PICTURE, "--map", "attention", "--patch", "3;4", "--out", "map.png"],
    );
    assert!(code == Some(2) && stderr.contains("such as 7,5"), "{stderr}");
}

#[test]
fn inputs_are_not_written_over() {
    let folder = folder();
    let here = folder.path();
    fs::copy(here.join(PICTURE), here.join("in.png")).expect("copied");
    let before = fs::read(here.join("in.png")).expect("read");
    for (out, code, wanted) in [
        ("in.png", 3, "would write over"),
        ("./in.png", 3, "would write over"),
        ("map.gif", 2, ".png, .svg or .json"),
        ("map", 2, ".png, .svg or .json"),
        ("weights/manifest.json", 3, "would write over"),
    ] {
        let (found, stdout, stderr) = look(here, &["in.png", "--map", "attention", "--out", out]);
        assert_eq!(found, Some(code), "{out}: {stdout}\n{stderr}");
        assert!(stderr.contains(wanted), "{out}: {stderr}");
    }
    assert_eq!(fs::read(here.join("in.png")).expect("read"), before);
    let (code, _, stderr) = look(here, &["missing.png", "--map", "attention", "--out", "map.png"]);
    assert!(code == Some(3) && stderr.contains("missing.png"), "{stderr}");
}
