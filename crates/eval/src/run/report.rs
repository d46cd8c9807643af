//! What is derived from the samples of a run, and can be derived again: `results.json` and the tables.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::disk::{self, Disk};
use super::error::{Reason, RunError};
use super::key::KeyFile;
use super::record::{Outcome, Record};
use super::samples;
use super::{SAMPLES, lock, open};
use crate::score::Score;

pub(crate) const RESULTS: &str = "results.json";
pub(crate) const MARKDOWN: &str = "table.md";
pub(crate) const CSV: &str = "table.csv";
pub(crate) const SCORES: &str = "scores.jsonl";

/// Scores a task. The same records must give the same bytes: no times, no folders, no random order.
pub trait Scorer {
    /// Score of an answer. It is not asked about a picture that could not be read: that is wrong.
    fn score(&self, record: &Record) -> Result<Score, Reason>;

    /// Unit of a score.
    fn unit(&self) -> &'static str {
        "share of 1"
    }

    /// Totals of all samples in the task's order, as they go to `results.json`, and as a table.
    fn totals(&self, samples: &[(&Record, Score)]) -> Result<(Value, Table), Reason>;
}

/// Rows of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// As many cells as there are columns, each.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let row = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| markdown_cell(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|{}\n", "---|".repeat(self.columns.len()));
        row(&self.columns) + &rule + &self.rows.iter().map(row).collect::<String>()
    }

    /// As comma-separated values (RFC 4180, but lines end as elsewhere here).
    pub fn csv(&self) -> String {
        let row = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
            cells.join(",") + "\n"
        };
        row(&self.columns) + &self.rows.iter().map(row).collect::<String>()
    }
}

fn markdown_cell(cell: &str) -> String {
    cell.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// The scores of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Score of every sample by its id, in the task's order.
    pub samples: Vec<(String, Score)>,
    /// Totals.
    pub totals: Value,
    /// The same as a table.
    pub table: Table,
}

/// `results.json`.
#[derive(Serialize)]
struct Results<'a> {
    task: &'a str,
    task_version: &'a str,
    run_key: &'a str,
    samples: usize,
    invalid: usize,
    unreadable: Vec<Unreadable<'a>>,
    totals: &'a Value,
}

#[derive(Serialize)]
struct Unreadable<'a> {
    id: &'a str,
    reason: &'a str,
}

/// Scores records that are in the task's order.
fn report(records: &[Record], scorer: &dyn Scorer) -> Result<Report, Reason> {
    let mut samples = Vec::with_capacity(records.len());
    for record in records {
        let score = match record.outcome {
            Outcome::Unreadable(_) => Score::or_invalid(None),
            _ => scorer.score(record)?,
        };
        samples.push((record, score));
    }
    let (totals, table) = scorer.totals(&samples)?;
    if table.rows.iter().any(|row| row.len() != table.columns.len()) {
        return Err("a row of the table has not as many cells as there are columns".into());
    }
    let samples = samples.into_iter().map(|(record, score)| (record.id.clone(), score));
    Ok(Report {
        samples: samples.collect(),
        totals,
        table,
    })
}

/// Scores the records of a finished run and writes what is derived.
pub(crate) fn write(
    disk: &dyn Disk,
    folder: &Path,
    key: &KeyFile,
    records: &[Record],
    scorer: &dyn Scorer,
) -> Result<Report, RunError> {
    let report = report(records, scorer).map_err(RunError::Scorer)?;
    let unreadable = records.iter().filter_map(|record| match &record.outcome {
        Outcome::Unreadable(reason) => Some(Unreadable { id: &record.id, reason }),
        _ => None,
    });
    let invalid = report.samples.iter().filter(|sample| sample.1.valid == Some(false));
    let results = Results {
        task: &key.fields.task,
        task_version: &key.fields.task_version,
        run_key: &key.run_key,
        samples: records.len(),
        invalid: invalid.count(),
        unreadable: unreadable.collect(),
        totals: &report.totals,
    };
    let mut text = serde_json::to_string_pretty(&results).map_err(|error| RunError::Scorer(error.into()))?;
    text.push('\n');
    disk::replace(disk, folder, RESULTS, text.as_bytes())?;
    disk::replace(disk, folder, MARKDOWN, report.table.markdown().as_bytes())?;
    disk::replace(disk, folder, CSV, report.table.csv().as_bytes())?;
    let lines: Vec<String> = report.samples.iter().map(|(id, score)| score.line(id)).collect();
    disk::replace(disk, folder, SCORES, lines.concat().as_bytes())?;
    Ok(report)
}

/// Scores a finished run again, from its samples alone, and replaces what is derived.
pub fn rescore(disk: &dyn Disk, folder: &Path, scorer: &dyn Scorer) -> Result<Report, RunError> {
    let unfinished = |what: &str| RunError::Plan(format!("{} {what}", folder.display()));
    if KeyFile::read(disk, folder)?.is_none() {
        return Err(unfinished("holds no run (no key.json)"));
    }
    let _lock = lock(disk, folder)?;
    let key = KeyFile::read(disk, folder)?.ok_or_else(|| unfinished("holds no run (no key.json)"))?;
    if let Some(shard) = key.shard {
        return Err(unfinished(&format!("holds shard {shard}; merge the shards first")));
    }
    open(disk, folder, &key)?;
    let mut found = read_finished(disk, folder, &key)?;
    found.sort_by_key(|record| record.index);
    write(disk, folder, &key, &found, scorer)
}

/// The records of a folder whose batches are all there, in the order of the file.
pub(crate) fn read_finished(disk: &dyn Disk, folder: &Path, key: &KeyFile) -> Result<Vec<Record>, RunError> {
    let path = folder.join(SAMPLES);
    let bytes = disk.read(&path).map_err(RunError::disk("read", &path))?;
    let found = samples::recover(&path, bytes.as_deref().unwrap_or_default(), key, None)?;
    let (there, wanted) = (found.batches.len(), key.batches().count());
    if there != wanted || bytes.is_none_or(|bytes| bytes.len() != found.keep) {
        let problem = format!(
            "{} is not finished ({there} of {wanted} batches); run it again to go on",
            folder.display()
        );
        return Err(RunError::Plan(problem));
    }
    Ok(found.records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_a_table() {
        let table = Table {
            columns: vec!["a".to_owned(), "b|c".to_owned()],
            rows: vec![vec!["1,5".to_owned(), "say \"x\"\nthen".to_owned()]],
        };
        assert_eq!(table.markdown(), "| a | b\\|c |\n|---|---|\n| 1,5 | say \"x\" then |\n");
        assert_eq!(table.csv(), "a,b|c\n\"1,5\",\"say \"\"x\"\"\nthen\"\n");
    }
}
