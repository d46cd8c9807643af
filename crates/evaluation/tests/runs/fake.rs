//! A run without a model: answers are a function of the question.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use pollster::FutureExt as _;
use serde_json::{Value, json};
use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::score::Score;
use sightline_eval::scorer::{Outcome, Reason, Record, Scorer, Table};
use sightline_eval::stats::split_mix;
use sightline_evaluation::run::disk::Disk;
use sightline_evaluation::run::error::RunError;
use sightline_evaluation::run::{Answered, Answerer, Finished, Item, Items, Machine, Run, RunKey, Shard};

/// Files that hold nothing of time or machine.
pub(crate) const COMPARED: [&str; 6] = [
    "key.json",
    "samples.jsonl",
    "results.json",
    "table.md",
    "table.csv",
    "scores.jsonl",
];

/// The item whose picture cannot be read.
pub(crate) const UNREADABLE: usize = 4;

pub(crate) struct Fake {
    pub pause: Duration,
    pub asked: usize,
    pub backwards: bool,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            pause: Duration::ZERO,
            asked: 0,
            backwards: true,
        }
    }
}

impl Answerer for Fake {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        std::thread::sleep(self.pause);
        self.asked += batch.len();
        let answer = |(at, item): (usize, &Item)| {
            let index = first + at;
            let bits = split_mix(3, index as u64);
            let share = (bits >> 40) as f32 / (1_u32 << 24) as f32;
            let outcome = match index % 3 {
                _ if index == UNREADABLE => Outcome::Unreadable("not a JPEG, \"sic\"".to_owned()),
                0 => Outcome::Text(format!("{} ü \n\0 \",\"check\":\"0 {bits}", batch.len())),
                _ => Outcome::Probabilities(vec![share, 1.0 - share, share * 1e-30]),
            };
            Answered {
                image: (index != UNREADABLE).then(|| sha256_hex(item.id.as_bytes())),
                outcome,
                margin: index.is_multiple_of(2).then_some(share / 3.0),
            }
        };
        Ok(batch.iter().enumerate().map(answer).collect())
    }

    fn order(&mut self, batches: &mut [usize]) {
        if self.backwards {
            // Neither the task's order nor its reverse.
            batches.sort_by_key(|&batch| split_mix(5, batch as u64));
        }
    }
}

pub(crate) struct Sums;

impl Scorer for Sums {
    fn score(&self, record: &Record) -> Result<Score, Reason> {
        let score = match &record.outcome {
            Outcome::Text(text) => text.len() as f64 / 1e3,
            Outcome::Probabilities(list) => list.iter().copied().map(f64::from).sum::<f64>() / 3.0,
            Outcome::Unreadable(_) => return Err("asked about an unreadable picture".into()),
        };
        Ok(Score {
            score,
            ..Score::default()
        })
    }

    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason> {
        let sum: f64 = samples.iter().map(|sample| sample.1.score).sum();
        let table = Table {
            columns: vec!["name".to_owned(), "value".to_owned()],
            rows: vec![vec!["sum".to_owned(), sum.to_string()]],
        };
        Ok((json!({ "sum": sum }), table))
    }
}

pub(crate) fn items(count: usize) -> Vec<Item> {
    let item = |index: usize| {
        let id = format!("q{index}");
        let image_sha256 = index.is_multiple_of(2).then(|| sha256_hex(id.as_bytes()));
        Item { id, image_sha256 }
    };
    (0..count).map(item).collect()
}

pub(crate) fn key(items: &[Item], batch_size: usize) -> RunKey {
    let text = |text: &str| text.to_owned();
    RunKey {
        model: BTreeMap::from([(text("model.safetensors"), text("00ff")), (text("head"), text("aa"))]),
        transform: text("letterbox-224"),
        task: text("fake"),
        task_version: text("1"),
        prompt: text("Q: {question}"),
        generation: BTreeMap::from([(text("max_new_tokens"), text("16"))]),
        scoring: text("text"),
        dtype: text("f32"),
        backend: text("cpu"),
        kernels: text("7"),
        batch_size,
        items: Items::of(items).expect("ids differ"),
        order: None,
        questions: Some(text("77")),
    }
}

/// Does a run of so many items.
pub(crate) fn run(
    disk: &impl Disk,
    folder: &Path,
    count: usize,
    batch_size: usize,
    shard: Option<Shard>,
    answerer: &mut impl Answerer,
) -> Result<Finished, RunError> {
    let items = items(count);
    let key = key(&items, batch_size);
    let run = Run {
        folder,
        disk,
        key: &key,
        items: &items,
        shard,
        limit: None,
        machine: &Machine::default(),
        beside: &[],
    };
    run.execute(answerer, &Sums, &mut |_| ControlFlow::Continue(()))
        .block_on()
}

/// The files to compare.
pub(crate) fn files(disk: &impl Disk, folder: &Path) -> Vec<(String, String)> {
    let read = |name: &&str| {
        let bytes = disk.read(&folder.join(name)).block_on().expect("readable");
        let text = String::from_utf8(bytes.unwrap_or_else(|| panic!("no {name}"))).expect("UTF-8");
        (name.to_string(), text)
    };
    COMPARED.iter().map(read).collect()
}
