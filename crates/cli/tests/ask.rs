//! `sightline ask` with a tiny model: files of questions, pictures that are drawn, and what is said
//! of both.

#[path = "runs/bundle.rs"]
#[allow(dead_code)]
mod bundle;
#[path = "runs/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::fs;
use std::path::Path;

use program::sightline;
use serde_json::Value;

const PICTURE: &str = "data/vizwiz/val/VizWiz_val_00000000.jpg";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    bundle::write_questions(folder.path(), 1, 1);
    folder
}

/// Exit code, stdout and stderr.
fn run(here: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sightline(here, args).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn batch(here: &Path, bytes: impl AsRef<[u8]>) -> (Option<i32>, String, String) {
    fs::write(here.join("q.jsonl"), bytes).expect("written");
    run(here, &["ask", "--batch", "q.jsonl"])
}

fn line(id: &str, image: &str, question: &str) -> String {
    format!("{{\"id\": {id}, \"image\": \"{image}\", \"question\": \"{question}\"}}\n")
}

#[test]
fn a_question_that_cannot_be_asked_leaves_the_others() {
    let folder = folder();
    let here = folder.path();
    fs::write(here.join("notes.png"), "no picture").expect("written");
    let lines = [
        line("1", PICTURE, "What is this?"),
        line("\"two\"", "missing.png", "What is this?"),
        "\n".to_owned(),
        line("3", "notes.png", "What is this?"),
        line("4", PICTURE, &"what ".repeat(3000)),
        line("\"5\"", PICTURE, "And this?"),
    ];
    let (code, stdout, stderr) = batch(here, lines.concat());
    assert_eq!(code, Some(6), "{stdout}\n{stderr}");
    let ids: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["id"].clone())
        .collect();
    assert_eq!(ids, [Value::from(1), Value::from("5")]);
    let said: Vec<&str> = stderr.lines().collect();
    assert_eq!(said.len(), 4, "{stderr}");
    for (line, words) in said.iter().zip([
        ["q.jsonl line 2 (id \"two\")", "missing.png"],
        ["q.jsonl line 4 (id 3)", "notes.png"],
        ["q.jsonl line 5 (id 4)", "question"],
        ["q.jsonl: 3 of 5", "the others are answered"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {line}");
    }
}

#[test]
fn a_file_of_questions_as_other_programs_write_it() {
    let folder = folder();
    let here = folder.path();
    let good = line("7", PICTURE, "What is this?");
    let (code, stdout, stderr) = batch(here, format!("\u{feff}{good}"));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("{\"id\":7,"), "{stdout}");
    let utf16: Vec<u8> = format!("\u{feff}{good}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, word) in [
        (Vec::new(), "no question"),
        (b"\n\n".to_vec(), "no question"),
        (utf16, "UTF-16"),
        (line("1.5", PICTURE, "q").into_bytes(), "whole number"),
    ] {
        let (code, stdout, stderr) = batch(here, bytes);
        assert_eq!((code, &*stdout), (Some(3), ""), "{stderr}");
        assert!(stderr.contains(word) && stderr.lines().count() == 1, "{word}: {stderr}");
    }
}

/// Neither a device nor a pipe says how long it is.
#[cfg(unix)]
#[test]
fn endless_files_are_refused() {
    let folder = folder();
    let here = folder.path();
    for args in [
        &["ask", "--batch", "/dev/zero"][..],
        &["ask", "/dev/zero", "What is this?"],
    ] {
        let (code, _, stderr) = run(here, args);
        assert_eq!(code, Some(3), "{stderr}");
        assert!(stderr.contains("256 MiB"), "{args:?}: {stderr}");
    }
    fs::write(here.join("ids.txt"), "").expect("written");
    let eval = [
        "eval",
        "--task",
        "vizwiz",
        "--out",
        "runs",
        "--control",
        "majority",
        "--ids",
    ];
    let (code, _, stderr) = run(here, &[&eval[..], &["/dev/zero"]].concat());
    assert!(code == Some(3) && stderr.contains("256 MiB"), "{stderr}");
}

#[test]
fn ids_with_a_byte_order_mark() {
    let folder = folder();
    let here = folder.path();
    let (id, eval) = (
        "VizWiz_val_00000000",
        ["eval", "--task", "vizwiz", "--out", "runs", "--control", "majority"],
    );
    fs::write(here.join("ids.txt"), format!("\u{feff}{id}\r\n")).expect("written");
    let (code, stdout, stderr) = run(here, &[&eval[..], &["--ids", "ids.txt"]].concat());
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 answers"), "{stdout}");
    let manifest = here.join("weights/manifest.json");
    let json = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, format!("\u{feff}{json}")).expect("written");
    let (code, _, stderr) = run(here, &["models"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn every_model_has_its_own_memory() {
    let folder = folder();
    let here = folder.path();
    let (code, _, stderr) = run(here, &["ask", PICTURE, "What is this?", "-v"]);
    assert_eq!(code, Some(0), "{stderr}");
    let megabytes = |what: &str| {
        let start = format!("{what}: loaded, ");
        let line = stderr.lines().find_map(|line| line.strip_prefix(&*start));
        let number = line.and_then(|rest| rest.strip_suffix(" MB on the device"));
        number
            .unwrap_or_else(|| panic!("{what}: {stderr}"))
            .parse::<f64>()
            .expect("a number")
    };
    // 64 x 300 values of a byte in the language model's embedding alone, and 16 x 16 x 3 x 64
    // floats in the encoder's patches.
    assert!(
        megabytes("language model tiny") > 0.0 && megabytes("model") > 0.1,
        "{stderr}"
    );
}

#[test]
fn a_drawing_replaces_nothing_that_is_read() {
    let folder = folder();
    let here = folder.path();
    let before = fs::read(here.join(PICTURE)).expect("a picture");
    for onto in [PICTURE, "weights/manifest.json", "weights/model.safetensors"] {
        let (code, _, stderr) = run(here, &["ask", PICTURE, "What is this?", "--draw", onto]);
        assert_eq!(code, Some(3), "{onto}: {stderr}");
        assert!(stderr.contains("--draw") && stderr.contains("write over"), "{stderr}");
    }
    assert_eq!(fs::read(here.join(PICTURE)).expect("the picture"), before);
}

#[cfg(unix)]
#[test]
fn a_drawing_goes_where_a_link_leads() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let here = folder.path();
    symlink("drawn.png", here.join("link.png")).expect("a link");
    symlink("/dev/null", here.join("null.png")).expect("a link");
    for link in ["link.png", "null.png"] {
        let (code, _, stderr) = run(here, &["ask", PICTURE, "What is this?", "--draw", link]);
        assert_eq!(code, Some(0), "{stderr}");
        let found = fs::symlink_metadata(here.join(link)).expect("it is there");
        assert!(found.is_symlink(), "{link} was replaced");
    }
    let drawn = fs::read(here.join("drawn.png")).expect("the target");
    assert!(drawn.starts_with(b"\x89PNG"));
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let folder = folder();
    let here = folder.path();
    let path = here.join("cache/tiny.gguf");
    let mut gguf = fs::read(&path).expect("a model");
    // The last tensor's last value.
    let at = gguf.len() - 4;
    gguf[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, &gguf).expect("written");
    let manifest = here.join("weights/manifest.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&manifest).expect("a manifest")).expect("JSON");
    json["language_models"][0]["sha256"] = sightline_checkpoint::hash::sha256_hex(&gguf).into();
    fs::write(&manifest, json.to_string()).expect("written");
    let (code, stdout, stderr) = run(here, &["ask", PICTURE, "What is this?"]);
    assert_eq!((code, &*stdout), (Some(4), ""), "{stderr}");
    assert!(
        stderr.contains("tiny.gguf") && stderr.contains("not finite"),
        "{stderr}"
    );
}
