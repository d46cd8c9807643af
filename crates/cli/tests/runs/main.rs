//! `sightline eval` as it is used and abused: the real program, really killed.

mod bundle;
mod program;
#[path = "../../../language/tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

use program::{files, sightline};
use sightline_eval::stats::split_mix;

/// Largest difference of margins that another batch size may make in f32.
const SAME_MARGIN: f64 = 1e-4;

fn eval(folder: &Path, out: &str, more: &[&str]) -> Command {
    let mut command = sightline(folder, &["eval", "--task", "vizwiz", "--out", out, "--batch-size", "2"]);
    command.args(more);
    command
}

fn ended(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status.code(), text(&stdout), text(&stderr))
}

fn succeeds(command: Command) -> String {
    let (code, stdout, stderr) = ended(command);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    stdout
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    bundle::write(folder.path(), 1);
    folder
}

#[test]
fn a_run_from_end_to_end() {
    let folder = folder();
    let here = folder.path();
    let said = succeeds(eval(here, "runs", &[]));
    assert!(said.contains("12 answers") && said.contains("score [95 %]"), "{said}");
    let run = here.join("runs/vizwiz/model");
    let before = files(&run);
    // Again: nothing is left to do, and nothing changes.
    assert!(succeeds(eval(here, "runs", &[])).contains("12 of them were there"));
    assert_eq!(files(&run), before);
    // What is derived can be made again from the samples alone.
    for name in ["results.json", "table.md", "table.csv", "scores.jsonl"] {
        std::fs::remove_file(run.join(name)).expect("removed");
    }
    succeeds(sightline(here, &["score", "--run", "runs/vizwiz/model"]));
    assert_eq!(files(&run), before);
    // Controls without a model need no weights.
    let weights = here.join("weights");
    std::fs::rename(&weights, here.join("away")).expect("moved");
    succeeds(eval(here, "runs", &["--control", "majority"]));
    std::fs::rename(here.join("away"), &weights).expect("moved back");
    succeeds(eval(here, "runs", &["--control", "shuffled"]));
    let majority = std::fs::read_to_string(here.join("runs/vizwiz/majority/samples.jsonl")).expect("samples");
    assert!(
        majority.lines().all(|line| line.contains(r#""text":"a b""#)),
        "{majority}"
    );
    let compared = succeeds(sightline(
        here,
        &["compare", "runs/vizwiz/model", "runs/vizwiz/majority"],
    ));
    assert!(
        compared.contains("| vizwiz | 12 |") && compared.contains("do not cover training seeds"),
        "{compared}"
    );
    succeeds(sightline(
        here,
        &[
            "report",
            "runs/*/model",
            "runs/*/majority",
            "--out",
            "report.html",
            "--samples",
            "5",
        ],
    ));
    let page = std::fs::read_to_string(here.join("report.html")).expect("a page");
    assert!(
        page.contains("data:image/jpeg;base64,") && !page.contains("https://"),
        "no pictures"
    );
    let report = ["report", "runs/*/model", "--json", "--out"];
    let said = succeeds(sightline(
        here,
        &[&report[..], &["report.html", "--table", "table.md"]].concat(),
    ));
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&said["table"], &said["samples"]),
        (&"table.md".into(), &12.into()),
        "{said}"
    );
    assert_eq!(
        (&said["tasks"][0]["task"], &said["tasks"][0]["count"]),
        (&"vizwiz".into(), &12.into()),
        "{said}"
    );
    // No report takes the place of what it reads, nor of itself.
    for more in [
        &["runs/vizwiz/model/questions.jsonl"][..],
        &["runs/vizwiz/model/scores.jsonl"],
        &["data/vizwiz/val.json"],
        &["data/vizwiz/val/VizWiz_val_00000001.jpg"],
        &["new", "--table", "./new"],
    ] {
        let (code, _, stderr) = ended(sightline(here, &[&report[..], more].concat()));
        assert_eq!(code, Some(3), "{more:?}: {stderr}");
    }
    assert_eq!(files(&run), before);
}

/// 64 pictures are encoded at once: of a larger batch, every question still gets the answer about
/// its own picture.
#[test]
fn a_batch_of_more_pictures_than_are_encoded_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    bundle::write_questions(here, 1, 70);
    // The small model says the same of all pictures, but is not equally sure of it.
    let margins = |batch: &str, more: &[&str]| -> Vec<f64> {
        let out = format!("{batch}{}", more.len());
        let mut command = sightline(
            here,
            &[
                "eval",
                "--task",
                "vizwiz",
                "--model",
                "model",
                "--batch-size",
                batch,
                "--out",
                &out,
            ],
        );
        command.args(more);
        succeeds(command);
        let runs = std::fs::read_dir(here.join(out).join("vizwiz")).expect("a run");
        let run = runs.flatten().next().expect("a run").path();
        let samples = std::fs::read_to_string(run.join("samples.jsonl")).expect("samples");
        let margin = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a record");
            line.get("margin").and_then(serde_json::Value::as_f64)
        };
        samples.lines().filter_map(margin).collect()
    };
    let furthest = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (all, few) = (margins("70", &[]), margins("7", &[]));
    assert_eq!((all.len(), few.len()), (70, 70));
    assert!(furthest(&all, &few) < SAME_MARGIN, "{all:?}, {few:?}");
    // It would be noticed: with other pictures the last six are others.
    let other = margins("7", &["--control", "shuffled"]);
    let apart = furthest(&all[64..], &other[64..]);
    assert!(apart > 10.0 * SAME_MARGIN, "{apart}");
}

#[test]
fn the_blind_control() {
    let folder = folder();
    let here = folder.path();
    succeeds(eval(here, "runs", &[]));
    let listed = succeeds(sightline(here, &["models"]));
    assert!(listed.contains("sightline-blind\n  encoder none"), "{listed}");
    // Nothing of a picture is read: a model would end with 6 now.
    for picture in std::fs::read_dir(here.join("data/vizwiz/val")).expect("pictures") {
        std::fs::write(picture.expect("a picture").path(), "no picture").expect("written");
    }
    let blind = ["--control", "blind"];
    let said = succeeds(eval(here, "runs", &blind));
    assert!(said.contains("sightline-blind: 12 answers"), "{said}");
    let run = here.join("runs/vizwiz/sightline-blind");
    let expected = files(&run);
    let text = |name: &str| std::fs::read_to_string(run.join(name)).expect("a file of the run");
    let key: serde_json::Value = serde_json::from_str(&text("key.json")).expect("JSON");
    assert!(key.to_string().contains("sightline-blind/model.safetensors"), "{key}");
    assert!(
        key.to_string().contains(r#""pictures":"none""#) && !key.to_string().contains("visual"),
        "{key}"
    );
    // It is no model's run, and says something.
    let samples = text("samples.jsonl");
    assert_ne!(
        samples,
        std::fs::read_to_string(here.join("runs/vizwiz/model/samples.jsonl")).expect("samples")
    );
    assert!(!samples.contains("\"text\":\"\""), "{samples}");
    succeeds(eval(here, "again", &blind));
    assert_eq!(files(&here.join("again/vizwiz/sightline-blind")), expected);
    // Cut in the middle of the third batch of two.
    let kept: String = samples.split_inclusive('\n').take(5).collect();
    std::fs::write(run.join("samples.jsonl"), kept).expect("cut");
    for name in ["results.json", "table.md", "table.csv", "scores.jsonl"] {
        std::fs::remove_file(run.join(name)).expect("removed");
    }
    assert!(succeeds(eval(here, "runs", &blind)).contains("4 of them were there"));
    assert_eq!(files(&run), expected);
    for shard in ["0/2", "1/2"] {
        succeeds(eval(here, "parts", &["--control", "blind", "--shard", shard]));
    }
    let shards = ["0", "1"].map(|at| format!("parts/vizwiz/sightline-blind/shard-{at}-of-2"));
    succeeds(sightline(here, &["merge", &shards[0], &shards[1]]));
    assert_eq!(files(&here.join("parts/vizwiz/sightline-blind")), expected);
    let runs = ["runs/vizwiz/model", "runs/vizwiz/sightline-blind"];
    let compared = succeeds(sightline(here, &["compare", runs[0], runs[1]]));
    assert!(compared.contains("| vizwiz | 12 |"), "{compared}");
    succeeds(sightline(here, &["report", runs[0], runs[1], "--out", "report.html"]));
}

/// Programs get one JSON document, whatever came of the run.
#[test]
fn a_run_as_json() {
    let folder = folder();
    let here = folder.path();
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).expect("JSON") };
    let said = json(&succeeds(eval(here, "runs", &["--json", "--limit", "4"])));
    let run = &said.as_array().expect("runs")[0];
    assert_eq!(
        (said.as_array().map(Vec::len), &run["answers"]),
        (Some(1), &4.into()),
        "{said}"
    );
    assert_eq!(
        (&run["task"], &run["who"]),
        (&"vizwiz".into(), &"model".into()),
        "{said}"
    );
    assert!(
        run["drawn"]
            .as_str()
            .is_some_and(|drawn| drawn.starts_with("stratified/1")),
        "{said}"
    );
    let results = std::fs::read_to_string(here.join("runs/vizwiz/model/results.json")).expect("results");
    assert_eq!(run["totals"], json(&results)["totals"]);
    std::fs::write(here.join("data/vizwiz/val/VizWiz_val_00000003.jpg"), "no picture").expect("a file");
    let (code, stdout, stderr) = ended(eval(here, "broken", &["--json", "--shard", "1/2"]));
    let said = json(&stdout);
    assert_eq!(code, Some(6), "{stderr}");
    assert_eq!(
        said[0]["unanswered"],
        serde_json::json!({ "pictures": 1, "questions": 0 }),
        "{said}"
    );
    assert_eq!(
        (&said[0]["totals"], &said[0]["drawn"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}

#[test]
fn weights_without_a_blind_control() {
    let folder = folder();
    let here = folder.path();
    let path = here.join("weights/manifest.json");
    let manifest = std::fs::read_to_string(&path).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    manifest.as_object_mut().expect("an object").remove("blind");
    std::fs::write(&path, manifest.to_string()).expect("written");
    let (code, _, stderr) = ended(eval(here, "runs", &["--control", "blind"]));
    assert_eq!(code, Some(4), "{stderr}");
    assert!(
        stderr.contains("manifest.json: blind: is missing") && stderr.contains("export_blind"),
        "{stderr}"
    );
    assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    assert!(!here.join("runs").exists(), "a folder of a run that did not begin");
}

#[test]
fn shards_are_the_run() {
    let folder = folder();
    let here = folder.path();
    succeeds(eval(here, "whole", &[]));
    for shard in ["0/3", "1/3", "2/3"] {
        succeeds(eval(here, "parts", &["--shard", shard]));
    }
    let shards = ["0", "1", "2"].map(|at| format!("parts/vizwiz/model/shard-{at}-of-3"));
    let (code, _, stderr) = ended(sightline(here, &["merge", &shards[0], &shards[2]]));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("missing shards: 1/3"), "{stderr}");
    let (code, _, stderr) = ended(sightline(here, &["merge", &shards[0], &shards[1], "--out", &shards[1]]));
    assert!(code == Some(3) && stderr.contains("write over a shard"), "{stderr}");
    let said = succeeds(sightline(
        here,
        &["merge", "--json", &shards[0], &shards[1], &shards[2]],
    ));
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&said["answers"], &said["shards"]), (&12.into(), &3.into()), "{said}");
    assert_eq!(
        files(&here.join("parts/vizwiz/model")),
        files(&here.join("whole/vizwiz/model"))
    );
    // As a launcher numbers processes; what it says against the command line is an error.
    let mut auto = eval(here, "auto", &["--shard", "auto"]);
    auto.env("RANK", "1").env("WORLD_SIZE", "3");
    succeeds(auto);
    assert!(here.join("auto/vizwiz/model/shard-1-of-3/samples.jsonl").is_file());
    let mut wrong = eval(here, "auto", &["--shard", "auto", "--shards", "2"]);
    wrong.env("RANK", "1").env("WORLD_SIZE", "3");
    assert_eq!(ended(wrong).0, Some(2));
}

#[test]
fn another_model_or_batch_size_does_not_go_on() {
    let folder = folder();
    let here = folder.path();
    succeeds(eval(here, "runs", &["--limit", "4"]));
    let (code, _, stderr) = ended(eval(here, "runs", &["--limit", "3"]));
    assert!(
        code == Some(1) && stderr.contains("limit is 4 there and 3 here"),
        "{stderr}"
    );
    let (code, _, stderr) = ended(eval(here, "runs", &["--offset", "4"]));
    assert!(code == Some(1) && stderr.contains("items"), "{stderr}");
    let before = files(&here.join("runs/vizwiz/model"));
    bundle::write(here, 2);
    let (code, _, stderr) = ended(eval(here, "runs", &["--limit", "4"]));
    assert!(code == Some(1) && stderr.contains("model.safetensors"), "{stderr}");
    assert_eq!(files(&here.join("runs/vizwiz/model")), before);
}

/// The last batch of a limited run may be smaller than the others, with and without pictures.
#[test]
fn a_limit_need_not_be_a_whole_number_of_batches() {
    let folder = folder();
    let here = folder.path();
    for control in [&[][..], &["--control", "shuffled"], &["--control", "blind"]] {
        let said = succeeds(eval(here, "runs", &[&["--limit", "3"][..], control].concat()));
        assert!(said.contains("3 answers"), "{control:?}: {said}");
        let said = succeeds(eval(here, "runs", control));
        assert!(said.contains("12 answers"), "{control:?}: {said}");
    }
}

/// Four options of every question are weighed as a whole: with a picture and without, in batches of
/// any size, and in a run that is scored again.
#[test]
fn options_are_weighed_as_a_whole() {
    let folder = folder();
    let here = folder.path();
    let images = here.join("data/visual7w/images");
    std::fs::create_dir_all(&images).expect("a folder");
    let pictures: Vec<_> = (0..3)
        .map(|at| {
            let name = format!("v7w_{at}.jpg");
            let from = here.join(format!("data/vizwiz/val/VizWiz_val_{at:08}.jpg"));
            std::fs::copy(from, images.join(&name)).expect("a picture");
            let pair = |number: usize| {
                serde_json::json!({
                    "qa_id": 10 * at + number, "question": format!("What is {number}?"), "type": "what",
                    "answer": "A b c.", "multiple_choices": ["a", "b d", "something much longer than that"],
                })
            };
            serde_json::json!({ "filename": name, "split": "test", "qa_pairs": [pair(0), pair(1)] })
        })
        .collect();
    let file = serde_json::json!({ "images": pictures }).to_string();
    std::fs::write(here.join("data/visual7w/dataset_v7w_telling.json"), file).expect("written");
    let shares = |out: &str, who: &str, more: &[&str]| -> Vec<Vec<f64>> {
        let mut command = sightline(here, &["eval", "--task", "visual7w", "--out", out]);
        command.args(more);
        assert!(succeeds(command).contains("what: accuracy"));
        let text = std::fs::read_to_string(here.join(out).join("visual7w").join(who).join("samples.jsonl"));
        let record = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let shares = record["outcome"]["probabilities"]
                .as_array()
                .expect("probabilities")
                .iter();
            shares
                .map(|share| share.as_f64().expect("a number"))
                .collect::<Vec<f64>>()
        };
        text.expect("samples").lines().map(record).collect()
    };
    let near = |one: &[Vec<f64>], other: &[Vec<f64>]| {
        let pairs = one.iter().flatten().zip(other.iter().flatten());
        pairs.into_iter().all(|(a, b)| (a - b).abs() < SAME_MARGIN)
    };
    let (few, many) = (
        shares("few", "model", &["--batch-size", "2"]),
        shares("many", "model", &["--batch-size", "7"]),
    );
    assert_eq!(few.len(), 6);
    for shares in &few {
        assert!(
            shares.len() == 4 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-5,
            "{shares:?}"
        );
    }
    assert!(near(&few, &many), "{few:?} and {many:?}");
    let blind = shares("few", "sightline-blind", &["--control", "blind"]);
    assert!(!near(&few, &blind), "pictures change nothing: {blind:?}");
    let said = succeeds(sightline(here, &["score", "--run", "few/visual7w/model"]));
    assert!(said.contains("what: accuracy"), "{said}");
    let majority = shares("few", "majority", &["--control", "majority"]);
    assert!(majority.iter().all(|shares| shares.contains(&1.0)), "{majority:?}");
}

/// A few questions are drawn from all, and the same command without the limit goes on from them.
#[test]
fn a_few_drawn_questions_go_on_to_all() {
    let folder = folder();
    let here = folder.path();
    let said = succeeds(eval(here, "runs", &["--limit", "4"]));
    assert!(
        said.contains("4 answers") && said.contains("drawn from 12: stratified/1"),
        "{said}"
    );
    let run = here.join("runs/vizwiz/model");
    let asked = |run: &Path| {
        let text = std::fs::read_to_string(run.join("questions.jsonl")).expect("questions");
        let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].clone();
        text.lines().map(id).collect::<Vec<_>>()
    };
    let few = asked(&run);
    assert_eq!(few.len(), 4);
    // What was drawn can be scored and compared like any run.
    succeeds(sightline(here, &["score", "--run", "runs/vizwiz/model"]));
    let said = succeeds(eval(here, "runs", &[]));
    assert!(said.contains("12 answers, 4 of them were there"), "{said}");
    assert_eq!(asked(&run)[..4], few);
    let results = |run: &Path| -> serde_json::Value {
        let text = std::fs::read_to_string(run.join("results.json")).expect("results");
        serde_json::from_str(&text).expect("JSON")
    };
    succeeds(eval(here, "fresh", &[]));
    let fresh = results(&here.join("fresh/vizwiz/model"));
    assert_eq!(results(&run)["totals"]["headline"], fresh["totals"]["headline"]);
    // Every sample's score stands in a line, and the machine's memory is known where the system
    // says it.
    let scores = std::fs::read_to_string(run.join("scores.jsonl")).expect("scores");
    assert_eq!(scores.lines().count(), 12);
    let history = std::fs::read_to_string(run.join("run.json")).expect("history");
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    if cfg!(target_os = "linux") {
        assert!(history["sessions"][0]["memory"].as_u64() > Some(1 << 20), "{history}");
    }
}

/// Questions and gold that change under the same ids are another run: its answers were to other
/// questions.
#[test]
fn other_questions_or_gold_do_not_go_on() {
    let folder = folder();
    let here = folder.path();
    succeeds(eval(here, "runs", &["--control", "majority"]));
    let before = files(&here.join("runs/vizwiz/majority"));
    let file = here.join("data/vizwiz/val.json");
    let text = std::fs::read_to_string(&file).expect("questions");
    let mut items: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let question = items[0]["question"].clone();
    items[0]["question"] = "Is this another question?".into();
    std::fs::write(&file, items.to_string()).expect("written");
    let (code, _, stderr) = ended(eval(here, "runs", &["--control", "majority"]));
    assert!(code == Some(1) && stderr.contains("questions is"), "{stderr}");
    items[0]["question"] = question;
    items[1]["answers"][0]["answer"] = "another".into();
    std::fs::write(&file, items.to_string()).expect("written");
    let (code, _, stderr) = ended(eval(here, "runs", &["--control", "majority"]));
    assert!(code == Some(1) && stderr.contains("questions is"), "{stderr}");
    assert_eq!(files(&here.join("runs/vizwiz/majority")), before);
}

#[test]
fn a_picture_that_cannot_be_read_is_wrong_and_named() {
    let folder = folder();
    let here = folder.path();
    std::fs::write(here.join("data/vizwiz/val/VizWiz_val_00000003.jpg"), "no picture").expect("a file");
    let (code, stdout, stderr) = ended(eval(here, "runs", &[]));
    assert_eq!(code, Some(6), "{stdout}\n{stderr}");
    assert!(
        stderr.contains("pictures that could not be read: 1") && stderr.contains("name another --out"),
        "{stderr}"
    );
    let results = std::fs::read_to_string(here.join("runs/vizwiz/model/results.json")).expect("results");
    let results: serde_json::Value = serde_json::from_str(&results).expect("JSON");
    assert_eq!(results["unreadable"].as_array().map(Vec::len), Some(1));
    assert_eq!(results["samples"], bundle::QUESTIONS);
    assert!(
        !results.to_string().contains(&*here.to_string_lossy()),
        "a folder of this machine"
    );
}

#[test]
fn a_question_that_does_not_fit_is_told_apart_from_a_picture() {
    let folder = folder();
    let here = folder.path();
    let file = here.join("data/vizwiz/val.json");
    let text = std::fs::read_to_string(&file).expect("questions");
    let mut items: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    items[3]["question"] = "what ".repeat(3_000).into();
    std::fs::write(&file, items.to_string()).expect("written");
    let (code, _, stderr) = ended(eval(here, "runs", &[]));
    assert_eq!(code, Some(6), "{stderr}");
    assert!(
        stderr.contains("questions that could not be asked: 1") && !stderr.contains("pictures"),
        "{stderr}"
    );
}

#[test]
fn the_dense_head_answers_what_asks_for_boxes() {
    let folder = folder();
    let here = folder.path();
    let (code, _, stderr) = ended(eval(here, "runs", &["--by", "dense"]));
    assert!(code == Some(2) && stderr.contains("does not ask for boxes"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written() {
    let folder = folder();
    let here = folder.path();
    std::fs::write(here.join("runs"), "a file where the folder should be").expect("a file");
    let (code, _, stderr) = ended(eval(here, "runs", &["--limit", "2"]));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("runs") && !stderr.contains("panicked"), "{stderr}");
}

/// Whether some answers are there, but no results yet.
fn is_midway(run: &Path) -> bool {
    let samples = std::fs::metadata(run.join("samples.jsonl")).map_or(0, |samples| samples.len());
    samples > 0 && !run.join("results.json").exists()
}

#[test]
fn killed_at_random_points() {
    let folder = folder();
    let here = folder.path();
    let start = std::time::Instant::now();
    succeeds(eval(here, "reference", &[]));
    let whole = start.elapsed();
    let expected = files(&here.join("reference/vizwiz/model"));
    let (mut kills, mut midway, mut often, mut runs) = (0, 0, 0, 0);
    while kills < 200 || often < 3 {
        let out = format!("run{runs}");
        let run = here.join(&out).join("vizwiz/model");
        let mut here_kills = 0;
        loop {
            let mut child: Child = eval(here, &out, &[]).spawn().expect("the program starts");
            let share = split_mix(9, kills + 1000 * runs) % 1000;
            std::thread::sleep(whole.mul_f64(share as f64 / 1000.0).max(Duration::from_millis(1)));
            // The last processes of a run are left alone, so that it ends.
            if here_kills >= 12 || child.try_wait().expect("a status").is_some() {
                assert!(child.wait().expect("a status").success());
                break;
            }
            child.kill().expect("killed");
            if !child.wait().expect("a status").success() {
                here_kills += 1;
                kills += 1;
                midway += u64::from(is_midway(&run));
            }
        }
        assert_eq!(files(&run), expected, "run {runs} after {here_kills} kills");
        often += u64::from(here_kills >= 3);
        runs += 1;
    }
    println!(
        "{kills} kills ({midway} with some answers done, not all) in {runs} runs, {often} of them killed three times or more"
    );
}
