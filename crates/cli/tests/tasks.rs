//! `sightline tasks` as a user meets it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn tasks(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sightline"))
        .arg("tasks")
        .args(args)
        .current_dir(dir)
        .env_remove("SIGHTLINE_DATA")
        .output()
        .expect("the program starts")
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_task_has_a_line() {
    let dir = tempfile::tempdir().expect("folder");
    let listed = text(tasks(dir.path(), &[]));
    for word in ["vqav2", "214,354", "refcoco+-testB", "ground-mosaic", "soft accuracy"] {
        assert!(listed.contains(word), "`{word}` is missing:\n{listed}");
    }
    assert!(listed.lines().all(|line| line.len() <= 120), "{listed}");
}

#[test]
fn what_is_there_is_said() {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::create_dir_all(dir.path().join("data/download/vizwiz/val_images")).expect("folder");
    std::fs::write(dir.path().join("data/vizwiz.json"), "").expect("write");
    let detail = text(tasks(dir.path(), &["vizwiz-slim", "--data", "data"]));
    for word in [
        "vizwiz/val.json or download/vizwiz/val.json, missing",
        "val_images/, here",
        "vizwiz-slim",
        "seen",
    ] {
        assert!(detail.contains(word), "`{word}` is missing:\n{detail}");
    }
    let json = text(tasks(dir.path(), &["vqa-v2", "--data", "data", "--json"]));
    let rows: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(rows[0]["id"], "vqav2");
    assert_eq!(rows[0]["subsets"], serde_json::json!(["-slim", "-subsampled"]));
    assert_eq!(rows[0]["missing"].as_array().map(Vec::len), Some(3));
    assert_eq!(rows[0]["aggregated"], true);
}

#[test]
fn what_is_not_known_is_refused() {
    let dir = tempfile::tempdir().expect("folder");
    let output = tasks(dir.path(), &["frobnicate"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no task `frobnicate`"));
    let output = tasks(dir.path(), &["--data", "nowhere"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such folder"));
}
