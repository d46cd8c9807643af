//! The program as a user meets it: arguments, exit codes, and one clear sentence for every kind of
//! bad input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RED_PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0,
    0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// The weights of this repository.
fn weights() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights")
}

fn sightline(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sightline"))
        .args(args)
        .env_remove("SIGHTLINE_WEIGHTS")
        .output()
        .expect("the program starts")
}

/// Asks with these weights and this picture; gives exit code and stderr.
fn ask(weights: &Path, picture: &Path, question: &str) -> (Option<i32>, String) {
    let (weights, picture) = (weights.display().to_string(), picture.display().to_string());
    let output = sightline(&["ask", &picture, question, "--weights", &weights, "--device", "cpu"]);
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// One sentence on stderr that holds all of `words`.
fn assert_says(stderr: &str, words: &[&str]) {
    let said: Vec<&str> = stderr.lines().filter(|l| l.starts_with("sightline: ")).collect();
    assert_eq!(said.len(), 1, "one sentence expected:\n{stderr}");
    for word in words {
        assert!(said[0].contains(word), "`{word}` is missing in: {}", said[0]);
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

fn picture(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).expect("the picture is written");
    path
}

/// A copy of the repository's weights in which one file can be damaged.
fn weights_copy(dir: &Path) -> PathBuf {
    let to = dir.join("weights");
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(weights().join("manifest.json")).expect("manifest")).expect("JSON");
    let mut names = vec!["manifest.json".to_owned(), "classes.json".to_owned()];
    for model in manifest["models"].as_array().expect("models") {
        for file in model["files"].as_array().expect("files") {
            names.push(file["path"].as_str().expect("path").to_owned());
        }
    }
    for name in names {
        let path = to.join(&name);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::copy(weights().join(&name), path).expect("copy");
    }
    to
}

#[test]
fn help_has_examples_and_exit_codes() {
    let help = String::from_utf8(sightline(&["--help"]).stdout).expect("UTF-8");
    for word in ["Examples:", "sightline ask", "Exit codes:", "  6  finished", "doctor"] {
        assert!(help.contains(word), "`{word}` is missing:\n{help}");
    }
    let help = String::from_utf8(sightline(&["ask", "--help"]).stdout).expect("UTF-8");
    assert!(help.contains("--batch") && help.contains("Examples:"), "{help}");
}

#[test]
fn wrong_arguments_end_with_2() {
    for args in [
        &["ask"][..],
        &["ask", "a.png"],
        &["frobnicate"],
        &["ask", "a.png", "q", "--temperature", "-1"],
    ] {
        assert_eq!(sightline(args).status.code(), Some(2), "{args:?}");
    }
}

/// Every option that a variable can stand for names the variable, if that is what is empty.
#[test]
fn an_empty_variable_is_named() {
    for (variable, args) in [
        ("SIGHTLINE_DATA", &["tasks"][..]),
        ("SIGHTLINE_DATA", &["eval", "--task", "vizwiz", "--out", "o"]),
        ("SIGHTLINE_DATA", &["report", "run", "--out", "o.html"]),
        ("SIGHTLINE_DATA", &["probe", "--task", "naming10"]),
        ("SIGHTLINE_WEIGHTS", &["models"]),
        ("SIGHTLINE_WEIGHTS", &["ask", "a.png", "q"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
        let output = command
            .args(args)
            .env(variable, "")
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{variable} {args:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_says(&stderr, &[variable, "empty", "unset it"]);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = sightline(&["completions", shell]);
        assert!(output.status.success() && !output.stdout.is_empty(), "{shell}");
    }
}

/// A closed pipe is success, and a full disk one sentence.
#[cfg(unix)]
#[test]
fn what_is_written_at_once_may_be_cut() {
    for command in ["completions bash", "man", "--help", "score --help", "--version"] {
        let shell = |rest: &str| {
            let script = format!("{} {command} {rest}", env!("CARGO_BIN_EXE_sightline"));
            let output = Command::new("bash")
                .args(["-c", &script])
                .output()
                .expect("a shell runs");
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        let (code, stderr) = shell("| head -c 1 > /dev/null; exit ${PIPESTATUS[0]}");
        assert_eq!((code, &*stderr), (Some(0), ""), "{command}");
        let (code, stderr) = shell("> /dev/full");
        assert_eq!(code, Some(1), "{command}: {stderr}");
        assert_says(&stderr, &["standard output"]);
    }
}

#[test]
fn a_manual_page_for_every_command() {
    let page = |args: &[&str]| String::from_utf8(sightline(args).stdout).expect("UTF-8");
    let main = page(&["man"]);
    for word in [".TH", "sightline", "Exit codes"] {
        assert!(main.contains(word), "`{word}` is missing:\n{main}");
    }
    assert!(page(&["man", "ask"]).contains("batch"));
    assert!(page(&["man", "score"]).contains("gold") && !page(&["man", "score"]).contains("device"));
    let output = sightline(&["man", "frobnicate"]);
    assert_eq!(output.status.code(), Some(2));
    assert_says(&String::from_utf8_lossy(&output.stderr), &["no command `frobnicate`"]);
}

#[test]
fn a_filter_that_fits_nothing_is_told() {
    let check = ["doctor", "--check", "--device", "cpu", "--filter", "zzz"];
    let bench = [
        "bench", "--quick", "--device", "cpu", "--only", "launch", "--filter", "zzz",
    ];
    for args in [&check[..], &bench] {
        let output = sightline(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_says(&String::from_utf8_lossy(&output.stderr), &["zzz", "--filter"]);
    }
}

#[test]
fn a_quick_bench_names_what_it_runs() {
    let dir = tempfile::tempdir().expect("folder");
    let json = dir.path().join("bench.json");
    let json = json.display().to_string();
    let args = [
        "bench",
        "--quick",
        "--runs",
        "1",
        "--device",
        "cpu",
        "--only",
        "prefill,decode",
        "--json",
        &json,
    ];
    let output = sightline(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).expect("numbers")).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 3, "{report}");
    for row in rows {
        let id = row["id"].as_str().expect("a name");
        assert!(id.ends_with(", 1 of 30 layers"), "{id}");
    }
}

#[test]
fn two_outputs_are_two_files() {
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("out").display().to_string();
    let output = sightline(&["bench", "--quick", "--device", "cpu", "--json", &path, "--svg", &path]);
    assert_eq!(output.status.code(), Some(3));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &["--json and --svg", "same file"],
    );
}

/// Whoever names a file must not steer the terminal, nor make one sentence two.
#[cfg(unix)]
#[test]
fn names_cannot_steer_the_terminal() {
    let weights = weights().display().to_string();
    let name = "no\u{1b}[31m\u{9b}2J\nred\u{202e}.png";
    for args in [
        &["ask", name, "q", "--weights", &weights][..],
        &["ask", "--batch", name, "--weights", &weights],
        &["score", "--task", "vqav2", "--answers", name],
        &["report", name, "--out", "x"],
        &["models", "--weights", name],
        &["serve", "--page", name],
        &["tasks", "--data", name],
        &["tasks", name],
    ] {
        let output = sightline(args);
        assert!(matches!(output.status.code(), Some(2..=4)), "{args:?}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_says(&stderr, &["no\\u001b[31m\\u009b2J\\u000ared\\u202e.png"]);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    // Arguments are repeated by the parser of the command line.
    for args in [
        &["ask", "--frob\u{1b}[31m"][..],
        &["score", "--task", "a\u{1b}]0;b\u{7}", "--answers", "x"],
    ] {
        let output = sightline(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let steers = |byte: &u8| [0x1b, 0x07].contains(byte);
        assert!(
            !output.stderr.iter().any(steers),
            "{args:?}: {:?}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn the_names_that_models_know_can_be_listed() {
    let weights = weights().display().to_string();
    let run = |more: &[&str]| sightline(&[&["models", "--weights", &weights, "--names"], more].concat());
    let all = run(&[]);
    assert!(all.status.success());
    let lines = String::from_utf8(all.stdout).expect("UTF-8");
    assert!(
        lines.lines().any(|line| line.starts_with("airplane; also aeroplane")),
        "{lines}"
    );
    let count = format!("{} names", lines.lines().count());
    assert!(
        String::from_utf8_lossy(&all.stderr).contains(&count),
        "{:?}",
        all.stderr
    );

    let found: Vec<serde_json::Value> = serde_json::from_slice(&run(&["AEROPLANE", "--json"]).stdout).expect("JSON");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["name"], "airplane");

    let none = run(&["no such thing"]);
    assert!(none.status.success() && none.stdout.is_empty());
    let said = String::from_utf8_lossy(&none.stderr);
    assert!(said.contains("none of") && said.contains("no such thing"), "{said}");
}

#[test]
fn doctor_names_every_kind_of_device() {
    let output = sightline(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let kinds: Vec<&str> = report["devices"]
        .as_array()
        .expect("devices")
        .iter()
        .filter_map(|d| d["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["cuda", "wgpu", "cpu"]);
    assert!(report["why"].as_str().is_some_and(|why| !why.is_empty()));
}

/// Mesa prints an error for every look at the devices where there is no session (a container, a
/// cluster).
#[test]
fn doctor_is_quiet_outside_a_desktop_session() {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_sightline"));
    doctor.arg("doctor");
    for name in ["XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DISPLAY"] {
        doctor.env_remove(name);
    }
    for name in ["MESA_VK_DEVICE_SELECT", "DRI_PRIME", "NODEVICE_SELECT"] {
        doctor.env_remove(name);
    }
    let output = doctor.output().expect("the program starts");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn pictures_that_cannot_be_used() {
    let dir = tempfile::tempdir().expect("folder");
    let cases: [(&str, Option<&[u8]>); 4] = [
        ("missing.png", None),
        ("empty.png", Some(&[])),
        ("truncated.png", Some(&RED_PIXEL[..40])),
        ("notes.png", Some(b"these are notes, not a picture")),
    ];
    for (name, bytes) in cases {
        let path = match bytes {
            Some(bytes) => picture(dir.path(), name, bytes),
            None => dir.path().join(name),
        };
        let (code, stderr) = ask(&weights(), &path, "What is the main object in the image?");
        assert_eq!(code, Some(3), "{name}: {stderr}");
        assert_says(&stderr, &[name]);
    }
}

#[test]
fn weights_that_cannot_be_used() {
    let dir = tempfile::tempdir().expect("folder");
    let red = picture(dir.path(), "red.png", RED_PIXEL);
    let (code, stderr) = ask(&dir.path().join("nowhere"), &red, "What is this?");
    assert_eq!(code, Some(4), "{stderr}");
    assert_says(&stderr, &["manifest.json"]);

    let copy = weights_copy(dir.path());
    let manifest = fs::read_to_string(copy.join("manifest.json")).expect("manifest");
    fs::write(copy.join("manifest.json"), &manifest[..manifest.len() / 2]).expect("write");
    let (code, stderr) = ask(&copy, &red, "What is this?");
    assert_eq!(code, Some(4), "{stderr}");
    assert_says(&stderr, &["manifest.json"]);
    fs::write(copy.join("manifest.json"), &manifest).expect("write");

    let first = model_file(&manifest);
    let good = fs::read(copy.join(&first)).expect("model");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for (what, bytes) in [
        ("one bit flipped", &flipped[..]),
        ("cut short", &good[..good.len() - 1]),
    ] {
        fs::write(copy.join(&first), bytes).expect("write");
        let (code, stderr) = ask(&copy, &red, "What is this?");
        assert_eq!(code, Some(4), "{what}: {stderr}");
        assert_says(&stderr, &["model.safetensors"]);
    }
}

fn model_file(manifest: &str) -> String {
    let manifest: serde_json::Value = serde_json::from_str(manifest).expect("JSON");
    manifest["models"][0]["files"][0]["path"]
        .as_str()
        .expect("path")
        .to_owned()
}

#[test]
fn an_unknown_model_lists_the_known_ones() {
    let dir = tempfile::tempdir().expect("folder");
    let red = picture(dir.path(), "red.png", RED_PIXEL);
    let weights = weights().display().to_string();
    let red = red.display().to_string();
    let output = sightline(&["ask", &red, "What is this?", "--weights", &weights, "--model", "gpt-5"]);
    assert_eq!(output.status.code(), Some(4));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &["gpt-5", "sightline-vmamba-tiny", "sightline-vit-tiny"],
    );
}

#[test]
fn a_bad_batch_line_is_named() {
    let dir = tempfile::tempdir().expect("folder");
    let file = dir.path().join("questions.jsonl");
    fs::write(&file, "{\"id\": \"1\", \"image\": \"a.png\"}\n").expect("write");
    let weights = weights().display().to_string();
    let output = sightline(&[
        "ask",
        "--batch",
        &file.display().to_string(),
        "--weights",
        &weights,
        "--device",
        "cpu",
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &["questions.jsonl line 1", "question"],
    );
}

#[test]
fn without_an_adapter_wgpu_is_refused_with_a_remedy() {
    let dir = tempfile::tempdir().expect("folder");
    let red = picture(dir.path(), "red.png", RED_PIXEL);
    let output = Command::new(env!("CARGO_BIN_EXE_sightline"))
        .args(["ask", &red.display().to_string(), "What is this?", "--device", "wgpu"])
        .args(["--weights", &weights().display().to_string()])
        // Neither Vulkan nor OpenGL finds a driver.
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent")
        .env("LIBGL_DRIVERS_PATH", "/nonexistent")
        .output()
        .expect("the program starts");
    assert_eq!(
        output.status.code(),
        Some(5),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_says(&String::from_utf8_lossy(&output.stderr), &["--device cpu"]);
}
