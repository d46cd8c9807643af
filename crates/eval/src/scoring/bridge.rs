//! The same scorers for runs of a model: records of `samples.jsonl` against gold that a task has
//! loaded.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::rule::{Origin, Sample, Scoring};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError, Place};
use crate::rules::geometry::Transform;
use crate::score::Score;
use crate::scorer::{Outcome, Reason, Record, Scorer, Table};
use crate::summary::{Total, Unit};

/// Gold of a task.
pub(crate) struct Items<'a> {
    /// What errors name.
    pub task: &'a str,
    /// Id and gold fields of every question.
    pub gold: Vec<(&'a str, &'a Map<String, Value>)>,
    /// How the model sees pictures, for boxes.
    pub transform: &'a Transform,
}

/// A benchmark, and gold by id.
struct Bridge<B: Scoring> {
    benchmark: B,
    golds: HashMap<String, B::Gold>,
}

/// A scorer of a task's records.
pub(crate) fn bridge<B>(mut benchmark: B, items: &Items) -> Result<Box<dyn Scorer>, InputError>
where
    B: Scoring + 'static,
    B::Gold: 'static,
{
    let place = Place::file(items.task);
    let source = Origin {
        file: None,
        transform: Some(items.transform),
    };
    let mut golds = HashMap::new();
    for (id, map) in &items.gold {
        let fields = Fields {
            map: (*map).clone(),
            place: place.clone(),
        };
        let other = || InputError::new(&place, format!("the gold of {id} is of another benchmark"));
        golds.insert((*id).to_owned(), benchmark.gold(&fields, source)?.ok_or_else(other)?);
    }
    benchmark.learn(&golds.values().collect::<Vec<_>>());
    Ok(Box::new(Bridge { benchmark, golds }))
}

impl<B: Scoring> Bridge<B> {
    fn gold(&self, record: &Record) -> Result<&B::Gold, Reason> {
        let gold = self.golds.get(&record.id);
        gold.ok_or_else(|| format!("{} is no question of the task", record.id).into())
    }

    /// What a record says. `probable`: whether the run's answers are probabilities; a picture that
    /// cannot be read counts as the wrong one.
    fn response(&self, record: &Record, probable: bool) -> Result<Response, Reason> {
        let wanted = self.benchmark.wanted();
        let response = match &record.outcome {
            Outcome::Text(text) => Response::Text(text.clone()),
            Outcome::Probabilities(shares) => Response::Probabilities(shares.iter().copied().map(f64::from).collect()),
            Outcome::Unreadable(_) => self.benchmark.wrong(self.gold(record)?, probable),
        };
        match wanted.accepts(&response) {
            true => Ok(response),
            false => Err(format!("the answer to {} is not of the kind that the task scores", record.id).into()),
        }
    }
}

impl<B: Scoring> Scorer for Bridge<B> {
    fn score(&self, record: &Record) -> Result<Score, Reason> {
        Ok(self.benchmark.score(&self.response(record, false)?, self.gold(record)?))
    }

    fn unit(&self) -> &'static str {
        self.benchmark.unit()
    }

    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason> {
        let is_probable = |(record, _): &(&Record, Score)| matches!(record.outcome, Outcome::Probabilities(_));
        let known = samples
            .iter()
            .any(|(record, _)| !matches!(record.outcome, Outcome::Unreadable(_)));
        let probable = if known {
            samples.iter().any(is_probable)
        } else {
            self.benchmark.wanted().is_probable()
        };
        let responses: Vec<Response> = samples
            .iter()
            .map(|(record, _)| self.response(record, probable))
            .collect::<Result<_, _>>()?;
        if responses
            .iter()
            .any(|found| matches!(found, Response::Probabilities(_)) != probable)
        {
            return Err("written answers and probabilities in one run".into());
        }
        let mut scored = Vec::with_capacity(samples.len());
        for ((record, score), response) in samples.iter().zip(&responses) {
            scored.push(Sample {
                response,
                gold: self.gold(record)?,
                score: *score,
            });
        }
        let (totals, notes) = match scored.is_empty() {
            true => (Vec::new(), vec!["no question was asked".to_owned()]),
            false => self.benchmark.totals(&scored),
        };
        let table = table(&totals);
        Ok((json!({ "numbers": totals, "notes": notes }), table))
    }
}

/// Totals as a table.
fn table(totals: &[Total]) -> Table {
    let row = |total: &Total| {
        let count = total.count.map(|count| count.to_string());
        let unit = total.unit.to_string();
        vec![
            total.name.clone(),
            value(total),
            String::new(),
            String::new(),
            unit,
            count.unwrap_or_default(),
            total.rule.to_owned(),
        ]
    };
    Table {
        columns: ["number", "value", "low 95 %", "high 95 %", "unit", "answers", "rule"]
            .map(str::to_owned)
            .into(),
        rows: totals.iter().map(row).collect(),
    }
}

fn value(total: &Total) -> String {
    let Some(value) = total.value else {
        return "n/a".to_owned();
    };
    match (total.unit, total.decimals) {
        (Unit::Count, _) => format!("{value:.0}"),
        (_, Some(decimals)) => format!("{value:.decimals$}"),
        (_, None) => format!("{value:.4}"),
    }
}
