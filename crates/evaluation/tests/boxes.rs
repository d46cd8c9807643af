//! The report of every task that asks for boxes: right and given box, and their overlap as scored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sightline_eval::interval::Group;
use sightline_eval::rules::geometry::Transform;
use sightline_eval::scorer::{Outcome, Record};
use sightline_eval::tasks::{self, Image, Loaded, Mode, Question, TASKS};
use sightline_evaluation::FinishedRun;
use sightline_evaluation::report::{Column, Page, Wanted, build};
use sightline_evaluation::run::{Item, Items, RunKey};

/// Answers about a picture of 640 x 320 px whose whole is the right box. A model sees it in the
/// middle of a square of 640 px.
const ANSWERS: [&str; 4] = [
    "[0.0, 0.25, 1.0, 0.75]",
    // Half of it lies beside the picture, which counts.
    "[0.0, 0.0, 1.0, 1.0]",
    "[0.0, 0.25, 0.5, 0.75]",
    "nothing of the kind",
];
const OVERLAPS: [Option<f64>; 4] = [Some(1.0), Some(0.5), Some(0.5), None];

fn loaded(task: &tasks::Task, gold: &Value) -> Loaded {
    let question = |at: usize| Question {
        id: at.to_string(),
        image: Image::File(Path::new("not read").into()),
        image_key: at.to_string(),
        image_sha256: None,
        prompt: "Where is it?".to_owned(),
        options: Vec::new(),
        gold: gold.as_object().cloned().unwrap_or_else(Map::new),
    };
    Loaded {
        id: task.id.to_owned(),
        version: "1".to_owned(),
        aggregate: None,
        scored_as: task.scored_as,
        mode: Mode::Text,
        transform: Transform {
            policy: Some("letterbox".to_owned()),
            target_resolution: None,
        },
        order: None,
        limit: None,
        questions: (0..ANSWERS.len()).map(question).collect(),
    }
}

fn key(task: &str) -> RunKey {
    let items = [Item {
        id: "0".to_owned(),
        image_sha256: None,
    }];
    RunKey {
        model: BTreeMap::new(),
        transform: "letterbox".to_owned(),
        task: task.to_owned(),
        task_version: "1".to_owned(),
        prompt: "none".to_owned(),
        generation: BTreeMap::new(),
        scoring: "text".to_owned(),
        dtype: "none".to_owned(),
        backend: "none".to_owned(),
        kernels: "none".to_owned(),
        batch_size: 1,
        items: Items::of(&items).expect("items"),
        order: None,
        questions: None,
    }
}

/// The report of a run with [`ANSWERS`].
fn report(loaded: Loaded) -> (Page, Vec<Option<f64>>) {
    let scorer = tasks::scorer(&loaded).expect("a scorer");
    let records: Vec<Record> = ANSWERS
        .iter()
        .enumerate()
        .map(|(index, text)| Record {
            index,
            id: index.to_string(),
            key: String::new(),
            image: None,
            outcome: Outcome::Text((*text).to_owned()),
            margin: None,
        })
        .collect();
    let scores: Vec<_> = records
        .iter()
        .map(|record| scorer.score(record).expect("a score"))
        .collect();
    let run = FinishedRun {
        folder: PathBuf::from("someone"),
        key: key(&loaded.id),
        groups: loaded.questions.iter().map(Group::of).collect(),
        loaded,
        records,
        scores: scores.clone(),
    };
    let column = Column::new(BTreeMap::from([(run.key.task.clone(), run)]), "someone");
    let wanted = Wanted {
        title: "Boxes",
        samples: ANSWERS.len(),
        data: None,
    };
    let built = build(&[column], &wanted, &mut |_| {}).expect("a report");
    (built.page, scores.iter().map(|score| score.iou).collect())
}

#[test]
fn cards_show_boxes_and_overlaps_as_they_were_scored() {
    let tasks: Vec<_> = TASKS.iter().filter(|task| task.asks_for_boxes()).collect();
    assert!(tasks.len() >= 8, "{tasks:?}");
    for task in tasks {
        // Whole numbers, and fractions as official files have them.
        for size in [json!([640, 320]), json!([640.0, 320.0])] {
            let gold = json!({
                "box": [0.0, 0.0, 640.0, 320.0], "width": size[0], "height": size[1], "clutter": "Minimum Clutter",
            });
            let (page, scored) = report(loaded(task, &gold));
            assert_eq!(scored, OVERLAPS, "{}", task.id);
            for (sample, overlap) in page.samples.iter().zip(OVERLAPS) {
                assert_eq!(sample.gold_box, Some([0.0, 0.0, 640.0, 320.0]), "{}", task.id);
                assert_eq!(sample.size, Some([640, 320]), "{}", task.id);
                let answer = sample.answers[0].as_ref().expect("an answer");
                assert_eq!(
                    (answer.iou, answer.px.is_some()),
                    (overlap, overlap.is_some()),
                    "{}",
                    task.id
                );
            }
            // What lies beside the picture is not drawn.
            let beside = page.samples[1].answers[0].as_ref().expect("an answer");
            assert_eq!(beside.px, Some([0.0, 0.0, 640.0, 320.0]));
        }
    }
}
