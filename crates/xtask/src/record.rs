//! `cargo xtask record`: what the shipped models answer to the gallery's questions. The page shows
//! it before a visitor has downloaded them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;
use sightline_messages::Timings;

use crate::cli::RecordArgs;
use crate::repo::{root, target};
use crate::setup;
use crate::shell::{cargo, command, run as run_command, say};

/// Where the answers are kept, below the repository's root.
const RESULT: &str = "www/recorded.json";
const COMMAND: &str = "cargo xtask record";

/// Answers every question of the gallery, or says whether what was recorded is current.
pub(crate) fn run(args: &RecordArgs) -> Result<bool> {
    if args.check {
        let wrong = stale()?;
        wrong.iter().for_each(|sentence| println!("    {sentence}"));
        return Ok(wrong.is_empty());
    }
    let program = match &args.program {
        Some(program) => {
            std::path::absolute(program).with_context(|| format!("no such path: {}", program.display()))?
        }
        None => build()?,
    };
    let gallery = Gallery::read()?;
    say(format!(
        "asking {} questions about {} pictures on the processor (some minutes)",
        gallery.rows.iter().map(|row| row.questions.len()).sum::<usize>(),
        gallery.rows.len()
    ));
    let mut pictures = Vec::new();
    for row in &gallery.rows {
        let questions: Vec<Value> = row
            .questions
            .iter()
            .map(|question| asked(&program, &row.path, question))
            .collect::<Result<_>>()?;
        println!("    {}", row.id);
        let sha256 = row.sha256()?;
        pictures.push(json!({ "id": row.id, "sha256": sha256, "questions": questions }));
    }
    let recorded = json!({
        "made": { "command": COMMAND, "device": "a processor in 32 bits" },
        "weights": weights()?.iter().map(|(model, sha256)| json!({ "model": model, "sha256": sha256 })).collect::<Vec<_>>(),
        "pictures": pictures,
    });
    let path = root().join(RESULT);
    std::fs::write(&path, serde_json::to_string_pretty(&recorded)? + "\n")
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(format!("the answers are in {}", path.display()));
    Ok(true)
}

/// Builds the program that answers.
fn build() -> Result<PathBuf> {
    setup::ensure(&[])?;
    run_command(cargo().args(["build", "--release", "--package", "sightline"]))?;
    Ok(target().join("release/sightline"))
}

/// One question about one picture, with an answer per model as the page's messages have it.
fn asked(program: &Path, picture: &Path, question: &str) -> Result<Value> {
    let mut ask = command(program);
    ask.arg("ask")
        .arg(picture)
        .args([question, "--json", "--device", "cpu"]);
    let output = ask.arg("--weights").arg(root().join("weights")).output()?;
    if !output.status.success() {
        bail!("{question}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let lines: Vec<Value> = String::from_utf8(output.stdout)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{question}: an answer is no JSON"))?;
    let outside = lines.iter().any(|line| line["outside_training"] == true);
    let answers: Vec<Value> = lines.into_iter().map(answer).collect();
    Ok(json!({ "question": question, "outside_training": outside, "answers": answers }))
}

/// A line of `sightline ask --json` as `sightline_answer::Answer`.
fn answer(line: Value) -> Value {
    let rows = line["boxes"].as_array().cloned().unwrap_or_default();
    let boxes: Vec<Value> = rows
        .iter()
        .map(|found| json!({ "source": found["source"], "label": found["label"], "px": found["px"], "score": found["score"] }))
        .collect();
    // The page's times begin with the look at the picture.
    let timings: Timings = serde_json::from_value(line["timings"].clone()).unwrap_or_default();
    json!({
        "model": line["model"],
        "text": line["answer"],
        "boxes": boxes,
        "box_error": line["box_error"],
        "cut": line["cut"],
        "stopped": false,
        "timings": timings.from_picture(),
    })
}

/// SHA-256 of each model's weights, by its id.
fn weights() -> Result<BTreeMap<String, String>> {
    let manifest = Manifest::load(&root().join("weights"))?;
    let of = |files: &[sightline_checkpoint::manifest::ModelFile]| files.first().map(|file| file.sha256.clone());
    Ok(manifest
        .models
        .iter()
        .filter_map(|model| Some((model.id.clone(), of(&model.files)?)))
        .collect())
}

/// What the page offers to try.
struct Gallery {
    rows: Vec<Row>,
}

struct Row {
    id: String,
    path: PathBuf,
    questions: Vec<String>,
}

impl Gallery {
    fn read() -> Result<Self> {
        let list: Value = serde_json::from_str(&read("www/pictures.json")?)?;
        let rows = list["pictures"]
            .as_array()
            .context("www/pictures.json lists no pictures")?;
        let row = |row: &Value| {
            let path = root().join("www").join(row["file"].as_str()?);
            let questions = row["questions"].as_array()?.iter();
            Some(Row {
                id: path.file_stem()?.to_str()?.to_owned(),
                path,
                questions: questions.filter_map(|text| text.as_str().map(str::to_owned)).collect(),
            })
        };
        let rows = rows.iter().map(row).collect::<Option<_>>();
        Ok(Self {
            rows: rows.context("www/pictures.json: a picture lacks `file` or `questions`")?,
        })
    }
}

impl Row {
    fn sha256(&self) -> Result<String> {
        let bytes = std::fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(sha256_hex(&bytes))
    }
}

fn read(name: &str) -> Result<String> {
    let path = root().join(name);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// What of the recorded answers is not about today's weights, pictures or questions.
fn stale() -> Result<Vec<String>> {
    let recorded: Value = serde_json::from_str(&read(RESULT)?)?;
    let mut wrong = Vec::new();
    for (id, sha256) in weights()? {
        if row_of(&recorded["weights"], "model", &id)["sha256"] != sha256.as_str() {
            wrong.push(format!("{id} has other weights now: run `{COMMAND}`"));
        }
    }
    let rows = Gallery::read()?.rows;
    for row in &rows {
        let kept = row_of(&recorded["pictures"], "id", &row.id);
        if kept["sha256"] != row.sha256()?.as_str() {
            wrong.push(format!("{} is another picture now: run `{COMMAND}`", row.id));
        }
        let asked = kept["questions"].as_array().map(Vec::as_slice).unwrap_or_default();
        for question in &row.questions {
            let has = |asked: &&Value| asked["question"] == question.as_str();
            let answers = asked.iter().find(has).and_then(|asked| asked["answers"].as_array());
            if answers.map_or(0, Vec::len) != weights()?.len() {
                wrong.push(format!("{}: \"{question}\" was not recorded: run `{COMMAND}`", row.id));
            }
        }
    }
    let known = recorded["pictures"].as_array().map_or(0, Vec::len);
    if known != rows.len() {
        wrong.push(format!(
            "{known} pictures are recorded, {} are in the gallery: run `{COMMAND}`",
            rows.len()
        ));
    }
    Ok(wrong)
}

/// The row of a list that has this text in a field; `null` if there is none.
fn row_of(list: &Value, field: &str, text: &str) -> Value {
    let mut rows = list.as_array().into_iter().flatten();
    rows.find(|row| row[field] == text).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_about_the_shipped_weights_and_pictures() -> Result<()> {
        assert_eq!(stale()?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn a_line_becomes_an_answer_of_the_page() -> Result<()> {
        let line = json!({
            "model": "m", "answer": "yes", "box_error": null, "question_type": "ground", "outside_training": false, "cut": false,
            "boxes": [{ "source": "dense", "label": "cat", "region": null, "px": [1.0, 2.0, 3.0, 4.0], "score": 0.5 }],
            "timings": { "encode_ms": 1.0, "prefix_ms": 0.0, "prefill_ms": 0.0, "first_token_ms": 2.0, "decode_ms": 0.0, "tokens": 1,
                "visual_tokens": 196, "dense_ms": 0.0 },
        });
        let read: sightline_messages::Answer = serde_json::from_value(answer(line))?;
        assert_eq!(
            (read.text.as_str(), read.boxes[0].px),
            ("yes", Some([1.0, 2.0, 3.0, 4.0]))
        );
        assert_eq!(read.timings.first_token_ms, 3.0);
        Ok(())
    }
}
