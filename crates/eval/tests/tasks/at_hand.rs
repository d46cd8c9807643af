//! Every task whose files are in the data folder.

use std::collections::HashMap;

use sightline_eval::scorer::{Outcome, Record};
use sightline_eval::tasks::{self, Image, Select, TASKS};

use super::help::{data, load, record};

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn tasks_at_hand_load_and_score() {
    for task in TASKS.iter().filter(|task| task.missing(&data()).is_empty()) {
        let loaded = load(task.id, &Select::default());
        assert_eq!(loaded.questions.len(), task.count, "{}", task.id);
        let scorer = tasks::scorer(&loaded).unwrap();
        let records: Vec<Record> = (0..task.count)
            .map(|index| record(&loaded, index, index % 10 == 9))
            .collect();
        let score = |record| match record {
            Record {
                outcome: Outcome::Unreadable(_),
                ..
            } => Default::default(),
            record => scorer.score(&record).unwrap(),
        };
        let scored: Vec<_> = records.iter().map(|record| (record, score(record.clone()))).collect();
        let (totals, table) = scorer.totals(&scored).unwrap();
        let unreadable = (task.count / 10) as f64 / task.count as f64;
        let value = totals["numbers"][0]["value"].as_f64().unwrap();
        let value = if totals["numbers"][0]["unit"] == "percent" {
            value / 100.0
        } else {
            value
        };
        println!("{}: {} {value} of {}", task.id, table.rows.len(), loaded.version);
        let floor = if task.scored_as == "vqav2" {
            0.3
        } else {
            1.0 - unreadable - 1e-9
        };
        let above = if task.scored_as == "pope" {
            1.0
        } else {
            1.0 - unreadable + 1e-9
        };
        assert!(
            value >= floor - 0.05 * f64::from(task.scored_as == "pope") && value <= above,
            "{}: {value}",
            task.id
        );
    }
}

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn pictures_can_be_decoded_and_are_the_same_again() {
    for task in TASKS.iter().filter(|task| task.missing(&data()).is_empty()) {
        let loaded = load(
            task.id,
            &Select {
                limit: Some(40),
                ..Select::default()
            },
        );
        let mut known = HashMap::new();
        for question in &loaded.questions {
            let bytes = question
                .image
                .bytes()
                .unwrap_or_else(|error| panic!("{}: {error}", question.id));
            assert!(image::load_from_memory(&bytes).is_ok(), "{}", question.id);
            let before = known.insert(question.image_key.clone(), bytes.clone());
            assert!(
                before.is_none_or(|before| before == bytes),
                "{}: another picture",
                question.id
            );
            assert!(
                !question.prompt.is_empty() && question.prompt.trim() == question.prompt,
                "{:?}",
                question.prompt
            );
        }
    }
}

#[test]
#[ignore = "needs SIGHTLINE_DATA"]
fn parts_of_tasks() {
    let all = load("presence-mosaic", &Select::default());
    let slim = load("presence-mosaic-slim", &Select::default());
    assert_eq!((slim.id.as_str(), slim.questions.len()), ("presence-mosaic-slim", 256));
    let yes = slim
        .questions
        .iter()
        .filter(|question| question.gold["answer"] == "yes")
        .count();
    assert_eq!(yes, 128);
    assert!(matches!(slim.questions[0].image, Image::Mosaic { .. }));
    let some = load(
        "presence-mosaic",
        &Select {
            offset: 3,
            limit: Some(2),
            ..Select::default()
        },
    );
    let ids: Vec<&str> = some.questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!(ids, [all.questions[3].id.as_str(), all.questions[4].id.as_str()]);
    let ids = Some(vec![all.questions[7].id.clone(), all.questions[5].id.clone()]);
    let named = load(
        "presence-mosaic",
        &Select {
            ids,
            ..Select::default()
        },
    );
    assert_eq!(named.questions[0].id, all.questions[5].id);
    let nothing = Select {
        ids: Some(vec!["x".to_owned()]),
        ..Select::default()
    };
    let error = tasks::load("presence-mosaic", &data(), &nothing)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no question has the id `x`"), "{error}");
    let error = tasks::load("vsr-coco256-slim", &data(), &Select::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("has no subset `slim`"), "{error}");
}
