//! `sightline probe` as a user meets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use serde_json::Value;

fn probe(dir: &Path, args: &[&str]) -> Output {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weights");
    Command::new(env!("CARGO_BIN_EXE_sightline"))
        .args(["probe", "--device", "cpu", "--cache", "cache", "--weights"])
        .arg(weights)
        .args(args)
        .current_dir(dir)
        .env_remove("SIGHTLINE_WEIGHTS")
        .env_remove("SIGHTLINE_DATA")
        .output()
        .expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// One sentence on stderr that holds all of `words`, and exit code 3.
fn assert_refused(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing: {said}");
    }
}

/// Pictures of two classes: red on the left, or blue on the right, each another shade.
fn pictures(root: &Path, count: u8, shade: u8) {
    for (class, place, at) in [("left", 0, 0usize), ("right", 2, 40)] {
        let folder = root.join(class);
        fs::create_dir_all(&folder).expect("a folder");
        for number in 0..count {
            let mut picture = RgbImage::from_pixel(64, 64, Rgb([shade + number, 90, 90]));
            for (x, y) in (0..24).flat_map(|x| (10..50).map(move |y| (x, y))) {
                let mut colour = [10 * number, 20, 20];
                colour[place] = 250;
                picture.put_pixel(x + at as u32, y, Rgb(colour));
            }
            picture.save(folder.join(format!("{number}.png"))).expect("a picture");
        }
    }
}

fn cached(dir: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir.join("cache")).expect("the cache");
    let files = folders.flat_map(|folder| fs::read_dir(folder.expect("a folder").path()).expect("a folder"));
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "safetensors"))
        .collect()
}

#[test]
fn two_classes_are_told_apart_and_features_are_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    pictures(&dir.path().join("train"), 5, 60);
    pictures(&dir.path().join("val"), 2, 120);
    let args = [
        "--model",
        "sightline-vit-tiny",
        "--train",
        "train",
        "--val",
        "val",
        "--seeds",
        "2",
        "--k",
        "3",
        "--json",
    ];
    let first = json(&probe(dir.path(), &args));
    let row = &first["models"][0];
    assert_eq!((&row["width"], &row["cached"]), (&384.into(), &0.into()));
    assert_eq!(row["linear"]["seeds"][1]["right"], 4);
    assert_eq!(row["linear"]["mean"], 1.0);
    assert_eq!(
        (&row["neighbours"]["right"], &row["neighbours"]["k"]),
        (&4.into(), &3.into())
    );
    // Wilson: four of four are no certainty.
    let low = row["neighbours"]["interval95"][0].as_f64().expect("a number");
    assert!((low - 0.510).abs() < 1e-3, "{low}");
    assert_eq!(first["train"]["pictures"], 10);

    // Again from the cache, to the bit; and with a file of it damaged.
    let mut again = json(&probe(dir.path(), &args));
    assert_eq!(again["models"][0]["cached"], 14);
    again["models"][0]["cached"] = 0.into();
    assert_eq!(again, first);
    let file = cached(dir.path()).pop().expect("a file");
    fs::write(&file, "damaged").expect("written");
    let output = probe(dir.path(), &args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("damaged") && said.contains("encoded again"), "{said}");
    let mut mended = json(&output);
    mended["models"][0]["cached"] = 0.into();
    assert_eq!(mended, first);
}

#[test]
fn features_are_written() {
    let dir = tempfile::tempdir().expect("a folder");
    pictures(&dir.path().join("train"), 3, 60);
    let args = [
        "--train",
        "train",
        "--val",
        "train",
        "--seeds",
        "1",
        "--k",
        "1",
        "--features-out",
        "f.safetensors",
    ];
    let one = probe(
        dir.path(),
        &[&args[..], &["--model", "sightline-vit-tiny", "--pool", "max"]].concat(),
    );
    let said = String::from_utf8_lossy(&one.stderr).into_owned();
    assert!(
        one.status.success() && said.contains("6 of 6") && said.contains("too high"),
        "{said}"
    );
    let bytes = fs::read(dir.path().join("f.safetensors")).expect("written");
    let tensors = sightline_checkpoint::tensors::Tensors::parse("f", &bytes).expect("a sound file");
    assert_eq!(tensors.shape("train.features").expect("there"), [6, 384]);
    assert_eq!(
        tensors.f32("val.labels", &[6]).expect("there"),
        [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    );
    let two = probe(dir.path(), &args);
    assert_eq!(two.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&two.stderr).contains("--model"));
    let over = [
        &args[..8],
        &["--features-out", "train/left/0.png", "--model", "sightline-vit-tiny"],
    ]
    .concat();
    assert_refused(&probe(dir.path(), &over), &["0.png", "write over"]);
}

#[test]
fn what_cannot_be_probed_gets_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path();
    pictures(&root.join("train"), 2, 60);
    pictures(&root.join("one/only"), 2, 60);
    fs::create_dir_all(root.join("empty/left")).expect("a folder");
    pictures(&root.join("empty"), 1, 60);
    fs::create_dir_all(root.join("empty/nothing")).expect("a folder");
    pictures(&root.join("more"), 1, 60);
    fs::create_dir_all(root.join("more/third")).expect("a folder");
    fs::copy(root.join("more/left/0.png"), root.join("more/third/0.png")).expect("copied");
    pictures(&root.join("damaged"), 2, 60);
    let damaged = root.join("damaged/right/1.png");
    let bytes = fs::read(&damaged).expect("a picture");
    fs::write(&damaged, &bytes[..bytes.len() / 2]).expect("written");

    let with = |train: &str, val: &str| probe(root, &["--model", "sightline-vit-tiny", "--train", train, "--val", val]);
    assert_refused(
        &with("empty", "train"),
        &["empty/nothing", "no pictures", "remove the folder"],
    );
    assert_refused(&with("one", "train"), &["one class, `only`", "at least two"]);
    assert_refused(&with("more", "train"), &["train", "`third`", "same classes"]);
    assert_refused(&with("train", "more"), &["train", "`third`", "same classes"]);
    assert_refused(&with("train", "damaged"), &["damaged/right/1.png", "again"]);
    assert_refused(&with("train", "nowhere"), &["nowhere", "is the path right"]);
    let task = probe(root, &["--task", "naming10", "--data", "nowhere"]);
    assert_refused(&task, &["imagenette_val.parquet"]);
    let task = probe(root, &["--task", "pope-coco256", "--data", "nowhere"]);
    assert_eq!(task.status.code(), Some(3));
    assert_eq!(probe(root, &["--train", "train"]).status.code(), Some(2));
}
