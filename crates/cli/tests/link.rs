//! `sightline link` with a tiny model: links are made, shown and checked.

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

const PICTURE: &str = "data/vizwiz/val/VizWiz_val_00000000.jpg";
const PAGE: &str = "https://example.org/page/";

/// Exit code, stdout and stderr.
fn run(here: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sightline(here, args).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    bundle::write_questions(folder.path(), 1, 1);
    folder
}

fn make(here: &Path, more: &[&str]) -> String {
    let call = [&["link", "make", PICTURE, "What is [this]?", "--page", PAGE], more].concat();
    let (code, stdout, stderr) = run(here, &call);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    stdout.trim().to_owned()
}

#[test]
fn a_link_tells_what_was_asked_and_can_be_checked() {
    let folder = folder();
    let here = folder.path();
    let link = make(here, &[]);
    assert!(link.starts_with("https://example.org/page/#AQ"), "{link}");
    let (code, shown, _) = run(here, &["link", "show", &link]);
    assert_eq!(code, Some(0));
    assert!(
        shown.contains("Question: What is [this]?") && shown.contains("SHA-256"),
        "{shown}"
    );
    // The weights alone, then the answers.
    let (code, stdout, stderr) = run(here, &["link", "check", &link]);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    assert!(
        stdout.contains("the same weights") && stderr.contains("--image FILE"),
        "{stdout}\n{stderr}"
    );
    let (code, stdout, stderr) = run(here, &["link", "check", &link, "--image", PICTURE]);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("the same weights and the same answer"), "{stdout}");
    // Another picture is refused.
    fs::write(
        here.join("other.jpg"),
        [fs::read(here.join(PICTURE)).expect("read"), vec![0]].concat(),
    )
    .expect("written");
    let (code, _, stderr) = run(here, &["link", "check", &link, "--image", "other.jpg"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("other.jpg is another file than the link's"), "{stderr}");
}

#[test]
fn a_link_with_its_picture_needs_no_file() {
    let folder = folder();
    let here = folder.path();
    let link = make(here, &["--include-picture"]);
    let (code, stdout, stderr) = run(here, &["link", "check", &link]);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("the same answer"), "{stdout}");
    let (code, _, stderr) = run(here, &["link", "show", &link, "--picture-out", "out.jpg"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        fs::read(here.join("out.jpg"))
            .expect("written")
            .starts_with(b"\xFF\xD8\xFF")
    );
    // Other weights are named.
    let manifest = here.join("weights/manifest.json");
    let text = fs::read_to_string(&manifest).expect("read");
    let shared = sightline_link::decode(&link).expect("a link");
    let mut other = shared.clone();
    other.answers[0].weights = "0".repeat(64);
    assert!(text.contains(&shared.answers[0].weights));
    let changed = sightline_link::encode(&other).expect("a link");
    let (code, stdout, stderr) = run(here, &["link", "check", &changed]);
    assert_eq!(code, Some(1), "{stdout}\n{stderr}");
    assert!(stdout.contains("other weights: here"), "{stdout}");
    assert!(stderr.contains("1 of 1 answers are not as the link says"), "{stderr}");
}

#[test]
fn links_can_be_pasted() {
    let folder = folder();
    let here = folder.path();
    let html = make(here, &["--gallery", "elephant", "--as", "html"]);
    assert!(
        html.starts_with("<iframe src=\"https://example.org/page/?embed=1#AQ"),
        "{html}"
    );
    let markdown = make(here, &["--as", "markdown"]);
    assert!(
        markdown.starts_with(r"[What is \[this\]?](https://example.org/page/#AQ"),
        "{markdown}"
    );
    assert!(make(here, &["--as", "bibtex"]).starts_with("@misc{sightline,"));
}

#[test]
fn a_link_becomes_a_card_and_a_code() {
    let folder = folder();
    let here = folder.path();
    let link = make(here, &["--include-picture"]);
    let (code, _, stderr) = run(here, &["link", "card", &link, "--out", "card.svg"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let card = fs::read_to_string(here.join("card.svg")).expect("a card");
    assert!(
        card.contains("What is [this]?") && card.contains("data:image/jpeg;base64,"),
        "{card}"
    );
    // A picture that is elsewhere is named, or left out with a word.
    let link = make(here, &[]);
    let (code, _, stderr) = run(here, &["link", "card", &link, "--out", "card.svg"]);
    assert!(code == Some(0) && stderr.contains("--image FILE"), "{stderr}");
    let before = fs::read(here.join(PICTURE)).expect("read");
    let (code, _, stderr) = run(here, &["link", "card", &link, "--image", PICTURE, "--out", "card.svg"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    fs::copy(here.join(PICTURE), here.join("mine.png")).expect("copied");
    let (code, _, stderr) = run(
        here,
        &["link", "card", &link, "--image", "mine.png", "--out", "mine.png"],
    );
    assert!(
        code == Some(3) && stderr.contains("would write over what is read"),
        "{stderr}"
    );
    assert_eq!(fs::read(here.join("mine.png")).expect("read"), before);
    let (code, _, stderr) = run(here, &["link", "qr", &link, "--out", "code.png"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(fs::read(here.join("code.png")).expect("a code").starts_with(b"\x89PNG"));
}

#[test]
fn what_is_no_link_or_no_page_gets_one_sentence() {
    let folder = folder();
    let here = folder.path();
    for (args, code, wanted) in [
        (vec!["link", "show", "https://example.org/"], 3, "damaged"),
        (
            vec!["link", "show", "https://example.org/#"],
            3,
            "nothing follows the #",
        ),
        (vec!["link", "check", "AgAA"], 3, "format 2"),
        (vec!["link", "card", "AgAA", "--out", "a.svg"], 3, "format 2"),
        (vec!["link", "card", "AgAA", "--out", "a.gif"], 2, "end in .svg or .png"),
        (vec!["link", "qr", "AgAA", "--out", "a.svg"], 3, "no page"),
        (vec!["link", "qr", "https://a/#AgAA", "--out", "a.svg"], 3, "format 2"),
        (
            vec!["link", "make", PICTURE, "What?", "--page", "javascript:1"],
            2,
            "page is no address",
        ),
        (
            vec!["link", "make", "missing.jpg", "What?", "--page", PAGE],
            3,
            "missing.jpg",
        ),
        (
            vec!["link", "make", PICTURE, "What?", "--page", PAGE, "--gallery", "../x"],
            3,
            "gallery picture is no id",
        ),
    ] {
        let (found, stdout, stderr) = run(here, &args);
        assert_eq!(found, Some(code), "{args:?}: {stdout}\n{stderr}");
        assert!(
            stderr.contains(wanted) && stderr.trim().lines().count() == 1,
            "{args:?}: {stderr}"
        );
    }
}
