//! `sightline score` as a user meets it: totals, per-sample lines, and one clear sentence for every
//! kind of bad input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Two questions of which the first is answered as everyone did.
const ANSWERS: &str = r#"{"id": 1, "prediction": "Blue", "answers": ["blue", "blue", "blue", "blue"]}
{"id": "b", "prediction": "two", "answers": ["2", "2", "3", "3"]}
"#;

fn score(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sightline"))
        .arg("score")
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program starts")
}

/// Scores with these arguments beside the file `answers.jsonl`, which must be refused with one
/// sentence that holds all of `words`.
fn assert_refused(answers: &str, args: &[&str], words: &[&str]) {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(dir.path().join("answers.jsonl"), answers).expect("write");
    let output = score(dir.path(), &[&["--answers", "answers.jsonl"], args].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(output.stdout.is_empty());
    let said: Vec<&str> = stderr.lines().collect();
    assert_eq!(said.len(), 1, "one sentence expected:\n{stderr}");
    for word in words {
        assert!(said[0].contains(word), "`{word}` is missing in: {}", said[0]);
    }
}

#[test]
fn help_has_examples() {
    let dir = tempfile::tempdir().expect("folder");
    let help = String::from_utf8(score(dir.path(), &["--help"]).stdout).expect("UTF-8");
    for word in ["Examples:", "--gold", "refcocog", "probabilities"] {
        assert!(help.contains(word), "`{word}` is missing:\n{help}");
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    let dir = tempfile::tempdir().expect("folder");
    for args in [
        &["--task", "vqav2"][..],
        &["--task", "frobnicate", "--answers", "a"],
        &["--task", "vqav2", "--answers", "a", "--questions", "q"],
    ] {
        assert_eq!(score(dir.path(), args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn summary_and_samples() {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(dir.path().join("answers.jsonl"), ANSWERS).expect("write");
    let args = ["--task", "vqav2", "--answers", "answers.jsonl"];
    let output = score(dir.path(), &args);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("2 answers, 0 of them invalid"), "{text}");
    assert!(text.contains("75.00  (percent, 2 decimals, paper's code)"), "{text}");
    assert!(!text.contains("partial"), "{text}");

    let output = score(
        dir.path(),
        &[&args[..], &["--json", "--per-sample", "out.jsonl"]].concat(),
    );
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((&summary["task"], &summary["count"]), (&json!("vqav2"), &json!(2)));
    assert_eq!(summary["totals"][0]["value"], json!(75.0));
    let samples = fs::read_to_string(dir.path().join("out.jsonl")).expect("samples");
    let lines: Vec<Value> = samples
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        json!({"id": "1", "score": 1.0, "score_official": 0.0, "valid": true})
    );
    assert_eq!((&lines[1]["id"], &lines[1]["score"]), (&json!("b"), &json!(0.5)));
    let names: Vec<_> = fs::read_dir(dir.path())
        .expect("folder")
        .map(|f| f.expect("file").file_name())
        .collect();
    assert_eq!(names.len(), 2, "nothing temporary stays: {names:?}");
}

#[test]
fn partial_is_repeated() {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(dir.path().join("answers.jsonl"), ANSWERS.repeat(2)).expect("write");
    let output = score(
        dir.path(),
        &["--task", "vqav2", "--answers", "answers.jsonl", "--partial"],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("2 answers") && text.contains("2 repeated"), "{text}");
}

#[test]
fn answers_that_cannot_be_used() {
    let vqa = ["--task", "vqav2"];
    assert_refused("", &vqa, &["answers.jsonl", "no line"]);
    assert_refused("{\"id\": 1, \"pred", &vqa, &["answers.jsonl line 1", "cut off"]);
    assert_refused(
        "{\"name\": 1}",
        &vqa,
        &["answers.jsonl line 1", "question_id", "filtered_resps"],
    );
    assert_refused(
        &ANSWERS.repeat(2),
        &vqa,
        &["answers.jsonl line 3", "duplicate", "`1`", "--partial"],
    );
    let without = "{\"id\": 1, \"prediction\": \"a\"}";
    assert_refused(without, &vqa, &["answers.jsonl line 1", "`answers`", "--gold"]);
    let wrong = "\n{\"id\": 1, \"prediction\": \"a\", \"answers\": 3}";
    assert_refused(wrong, &vqa, &["answers.jsonl line 2", "`answers`", "a number where"]);
    let nan = "{\"id\": 1, \"probabilities\": [NaN, 1], \"label\": true}";
    assert_refused(nan, &["--task", "vsr"], &["answers.jsonl line 1", "NaN", "null"]);
    assert_refused(ANSWERS, &["--task", "tallyqa"], &["line 1", "`probabilities`", "16"]);
    assert_refused(
        ANSWERS,
        &["--task", "vqav2", "--gold", "gold.json"],
        &["gold.json", "cannot be read"],
    );
    let over = ["--task", "vqav2", "--per-sample", "answers.jsonl"];
    assert_refused(ANSWERS, &over, &["write over"]);
}

/// A link is followed, and a device is written into: here the program's own standard output.
#[cfg(unix)]
#[test]
fn outputs_that_are_links_or_devices() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().expect("folder");
    let here = |name: &str| dir.path().join(name);
    fs::write(here("answers.jsonl"), ANSWERS).expect("write");
    for (link, target) in [("link", "deep/target"), ("null", "/dev/null"), ("out", "/dev/stdout")] {
        symlink(target, here(link)).expect("a link");
        let args = ["--task", "vqav2", "--answers", "answers.jsonl", "--per-sample", link];
        let output = score(dir.path(), &args);
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{link}: {stderr}");
        assert!(
            fs::symlink_metadata(here(link)).expect("it is there").is_symlink(),
            "{link} was replaced"
        );
        assert!(stdout.contains("2 answers"), "{stdout}");
        assert_eq!(stdout.contains("{\"id\":\"1\""), link == "out", "{link}: {stdout}");
    }
    let samples = fs::read_to_string(here("deep/target")).expect("samples");
    assert_eq!(samples.lines().count(), 2);
    // A file that standard output goes to holds both.
    let script = format!(
        "{} score --task vqav2 --answers answers.jsonl --per-sample all > all",
        env!("CARGO_BIN_EXE_sightline")
    );
    let done = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path())
        .status();
    assert!(done.expect("a shell runs").success());
    let all = fs::read_to_string(here("all")).expect("both");
    assert!(all.contains("{\"id\":\"1\"") && all.contains("2 answers"), "{all}");
    // What is read under another name is still read.
    symlink("answers.jsonl", here("soft")).expect("a link");
    fs::hard_link(here("answers.jsonl"), here("hard")).expect("a link");
    for name in ["soft", "hard", "./answers.jsonl"] {
        assert_refused_here(
            dir.path(),
            &["--task", "vqav2", "--answers", "answers.jsonl", "--per-sample", name],
            "write over",
        );
    }
}

fn assert_refused_here(dir: &Path, args: &[&str], word: &str) {
    let output = score(dir, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{args:?}: {stderr}");
    assert!(
        stderr.contains(word) && stderr.lines().count() == 1,
        "{args:?}: {stderr}"
    );
}

/// No file is read without an end, and what cannot be a gold file is known by its beginning.
#[cfg(unix)]
#[test]
fn endless_files_are_refused() {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(dir.path().join("answers.jsonl"), ANSWERS).expect("write");
    let args = ["--task", "vqav2", "--answers", "answers.jsonl"];
    assert_refused_here(
        dir.path(),
        &[&args[..], &["--gold", "/dev/zero"]].concat(),
        "not laid out",
    );
    let boxes = [
        "--task",
        "boxes",
        "--answers",
        "answers.jsonl",
        "--transform",
        "/dev/zero",
    ];
    assert_refused_here(dir.path(), &boxes, "MiB");
    // Many zeros in a small file.
    let bomb = "head -c 256M /dev/zero | gzip -1 > bomb.json.gz";
    let made = Command::new("sh").args(["-c", bomb]).current_dir(dir.path()).status();
    if made.is_ok_and(|status| status.success()) {
        assert_refused_here(
            dir.path(),
            &[&args[..], &["--gold", "bomb.json.gz"]].concat(),
            "not laid out",
        );
    }
}

#[test]
fn byte_order_marks_are_passed_over() {
    let dir = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), format!("\u{feff}{text}")).expect("write");
    write("answers.jsonl", "{\"question_id\": 1, \"text\": \"Blue\"}\n");
    let answers = vec![json!({"answer": "blue"}); 10];
    write(
        "gold.json",
        &json!({"annotations": [{"question_id": 1, "answers": answers}]}).to_string(),
    );
    let output = score(
        dir.path(),
        &["--task", "vqav2", "--answers", "answers.jsonl", "--gold", "gold.json"],
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let line = json!({"id": 1, "prediction": "[0.1, 0.1, 0.9, 0.9]", "box": [1, 1, 9, 9], "width": 10, "height": 10});
    write("answers.jsonl", &line.to_string());
    write(
        "transform.json",
        &json!({"policy": "letterbox", "target_resolution": [224, 224]}).to_string(),
    );
    let args = [
        "--task",
        "boxes",
        "--answers",
        "answers.jsonl",
        "--transform",
        "transform.json",
    ];
    let output = score(dir.path(), &args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}
