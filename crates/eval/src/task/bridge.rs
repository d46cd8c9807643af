//! Scores the samples of a run as one of the tasks.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Benchmark, Gold, Sample, Source, Wanted};
use crate::answers::Response;
use crate::answers::fields::{At, Fields, InputError, Place};
use crate::run::error::Reason;
use crate::run::{Outcome, Record, Scorer, Table};
use crate::score::Score;
use crate::score::geometry::Transform;
use crate::summary::Total;

/// A benchmark and the gold of a run's questions.
struct Bridge<B: Benchmark> {
    benchmark: B,
    golds: HashMap<String, B::Gold>,
}

/// What scores samples against these golds.
pub(super) fn scorer<B: Benchmark + 'static>(
    benchmark: B,
    golds: Vec<Gold>,
    transform: &Transform,
) -> Result<Box<dyn Scorer>, InputError> {
    let place = Place::file("questions");
    let source = Source {
        file: None,
        transform: Some(transform),
    };
    let mut known = HashMap::with_capacity(golds.len());
    for (at, (id, map)) in golds.into_iter().enumerate() {
        let fields = Fields {
            map,
            place: place.at(At::Item(at + 1)),
        };
        let gold = benchmark.gold(&fields, source)?;
        let gold = gold.ok_or_else(|| InputError::new(&fields.place, "belongs to another task"))?;
        known.insert(id, gold);
    }
    Ok(Box::new(Bridge {
        benchmark,
        golds: known,
    }))
}

/// What was said; an empty text for a picture that could not be read.
fn response(record: &Record, wanted: Wanted) -> Response {
    match (&record.outcome, wanted) {
        (Outcome::Text(text), _) => Response::Text(text.clone()),
        (Outcome::Probabilities(list), _) => Response::Probabilities(list.iter().copied().map(f64::from).collect()),
        (Outcome::Unreadable(_), Wanted::Probabilities(count)) => Response::Probabilities(vec![f64::NAN; count]),
        (Outcome::Unreadable(_), _) => Response::Text(String::new()),
    }
}

impl<B: Benchmark> Bridge<B> {
    fn gold(&self, record: &Record) -> Result<&B::Gold, Reason> {
        let missing = || {
            format!(
                "the question {} has no gold; is it the run's list of questions?",
                record.id
            )
        };
        self.golds.get(&record.id).ok_or_else(|| missing().into())
    }
}

impl<B: Benchmark> Scorer for Bridge<B> {
    fn score(&self, record: &Record) -> Result<Score, Reason> {
        let response = response(record, self.benchmark.wanted());
        Ok(self.benchmark.score(&response, self.gold(record)?))
    }

    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason> {
        if samples.is_empty() {
            return Err("no samples".into());
        }
        let wanted = self.benchmark.wanted();
        // Written answers and probabilities have different totals; what could not be read goes with the rest.
        let kind = samples.iter().find_map(|(record, _)| match record.outcome {
            Outcome::Probabilities(ref list) => Some(Wanted::Probabilities(list.len())),
            Outcome::Text(_) => Some(Wanted::Text),
            Outcome::Unreadable(_) => None,
        });
        let responses: Vec<Response> = samples
            .iter()
            .map(|(record, _)| response(record, kind.unwrap_or(wanted)))
            .collect();
        let mut list = Vec::with_capacity(samples.len());
        for ((record, score), response) in samples.iter().zip(&responses) {
            let gold = self.gold(record)?;
            list.push(Sample {
                response,
                gold,
                score: *score,
            });
        }
        let (totals, notes) = self.benchmark.totals(&list);
        let table = table(&totals);
        Ok((json!({ "totals": totals, "notes": notes }), table))
    }
}

/// A row a total.
fn table(totals: &[Total]) -> Table {
    let row = |total: &Total| {
        vec![
            total.name.clone(),
            crate::summary::number(total),
            total.unit.to_string(),
            total.rule.to_owned(),
            total.count.map_or_else(String::new, |count| count.to_string()),
        ]
    };
    Table {
        columns: ["score", "value", "unit", "rule", "answers"].map(str::to_owned).into(),
        rows: totals.iter().map(row).collect(),
    }
}
