//! What the tests share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use sightline_eval::scorer::{Outcome, Record};
use sightline_eval::tasks::{self, Image, Loaded, Mode, Question, Select};

pub(super) fn data() -> PathBuf {
    std::env::var_os("SIGHTLINE_DATA")
        .expect("SIGHTLINE_DATA names the data folder")
        .into()
}

pub(super) fn load(id: &str, select: &Select) -> Loaded {
    tasks::load(id, &data(), select).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Lines of a list, without its head.
pub(super) fn items(name: &str) -> Vec<Value> {
    let path = format!("{}/lists/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(super) fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_default()
}

pub(super) fn counted<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// The miniature files of photographs.
pub(super) fn photos() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/tasks/photos")
}

pub(super) fn goldens(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/goldens/tasks")).join(name)
}

/// The first colour of a question's picture.
pub(super) fn red(image: &Image) -> u8 {
    let bytes = image.bytes().unwrap();
    image::load_from_memory(&bytes).unwrap().to_rgb8().get_pixel(0, 0).0[0]
}

/// Totals of a task whose questions get these answers.
pub(super) fn totals(loaded: &Loaded, answers: &[&str]) -> Value {
    let scorer = tasks::scorer(loaded).unwrap();
    let records: Vec<Record> = answers
        .iter()
        .enumerate()
        .map(|(index, answer)| Record {
            outcome: Outcome::Text((*answer).to_owned()),
            ..record(loaded, index, true)
        })
        .collect();
    let scored: Vec<_> = records
        .iter()
        .map(|record| (record, scorer.score(record).unwrap()))
        .collect();
    scorer.totals(&scored).unwrap().0
}

pub(super) fn named(totals: &Value, name: &str) -> f64 {
    let numbers = totals["numbers"].as_array().unwrap();
    let found = numbers.iter().find(|total| total["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {numbers:?}"))["value"]
        .as_f64()
        .unwrap()
}

pub(super) fn text_of<'a>(question: &'a Question, field: &str) -> &'a str {
    question.gold[field].as_str().unwrap_or_default()
}

/// The right answer to a question, or the answer `wrong` to all.
pub(super) fn record(loaded: &Loaded, index: usize, unreadable: bool) -> Record {
    let question = &loaded.questions[index];
    let gold = &question.gold;
    let choice = |right: usize, count: usize| {
        let share = |at: usize| if at == right { 1.0 } else { 0.0 };
        Outcome::Probabilities((0..count).map(share).collect())
    };
    let outcome = match (&loaded.mode, loaded.scored_as) {
        _ if unreadable => Outcome::Unreadable("gone".to_owned()),
        (Mode::Options(count), _) => choice(gold["choice"].as_u64().unwrap() as usize, *count),
        (Mode::Choices(_), "vsr") => choice(usize::from(gold["label"] != Value::Bool(true)), 2),
        (Mode::Choices(choices), _) => {
            let right = choices
                .iter()
                .position(|choice| gold["answer"] == choice.as_str())
                .unwrap();
            choice(right, choices.len())
        }
        (Mode::Text, "boxes") => Outcome::Text(padded_box(gold)),
        (Mode::Text, "vqav2") => Outcome::Text(gold["answers"][0]["answer"].as_str().unwrap().to_owned()),
        (Mode::Text, "pope") => Outcome::Text(gold["label"].as_str().unwrap().to_owned()),
        (Mode::Text, _) => Outcome::Text(gold["answer"].as_str().unwrap().to_owned()),
    };
    Record {
        index,
        id: question.id.clone(),
        key: String::new(),
        image: None,
        outcome,
        margin: None,
    }
}

/// A gold box as written by a model that sees the picture centred on a square.
pub(super) fn padded_box(gold: &serde_json::Map<String, Value>) -> String {
    let number = |value: &Value| value.as_f64().unwrap();
    let (width, height) = (number(&gold["width"]), number(&gold["height"]));
    let side = width.max(height);
    let edges: Vec<String> = gold["box"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(at, edge)| {
            let length = if at % 2 == 0 { width } else { height };
            format!("{:.4}", (number(edge) + (side - length) / 2.0) / side)
        })
        .collect();
    format!("[{}]", edges.join(", "))
}
