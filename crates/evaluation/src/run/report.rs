//! What is derived from the samples of a run, and can be derived again: `results.json` and the
//! tables.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use sightline_eval::score::Score;
use sightline_eval::scorer::{Outcome, Reason, Record, Scorer, Table};

use super::disk::{self, Disk};
use super::error::RunError;
use super::folder::{lock, open};
use super::key::KeyFile;
use super::names::{CSV, MARKDOWN, RESULTS, SAMPLES, SCORES};
use super::samples;

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
pub(crate) async fn write(
    disk: &impl Disk,
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
    disk::replace(disk, folder, RESULTS, text.as_bytes()).await?;
    disk::replace(disk, folder, MARKDOWN, report.table.markdown().as_bytes()).await?;
    disk::replace(disk, folder, CSV, report.table.csv().as_bytes()).await?;
    let lines: Vec<String> = report.samples.iter().map(|(id, score)| score.line(id)).collect();
    disk::replace(disk, folder, SCORES, lines.concat().as_bytes()).await?;
    Ok(report)
}

/// Scores a finished run again, from its samples alone, and replaces what is derived.
///
/// # Errors
/// A folder without a finished run, a disk or a scorer that fails.
pub async fn rescore(disk: &impl Disk, folder: &Path, scorer: &dyn Scorer) -> Result<Report, RunError> {
    let unfinished = |what: &str| RunError::Plan(format!("{} {what}", folder.display()));
    if KeyFile::read(disk, folder).await?.is_none() {
        return Err(unfinished("holds no run (no key.json)"));
    }
    let _lock = lock(disk, folder).await?;
    let key = KeyFile::read(disk, folder)
        .await?
        .ok_or_else(|| unfinished("holds no run (no key.json)"))?;
    if let Some(shard) = key.shard {
        return Err(unfinished(&format!("holds shard {shard}; merge the shards first")));
    }
    open(disk, folder, &key).await?;
    let mut found = read_finished(disk, folder, &key).await?;
    found.sort_by_key(|record| record.index);
    write(disk, folder, &key, &found, scorer).await
}

/// The records of a folder whose batches are all there, in the order of the file.
pub(crate) async fn read_finished(disk: &impl Disk, folder: &Path, key: &KeyFile) -> Result<Vec<Record>, RunError> {
    let path = folder.join(SAMPLES);
    let bytes = disk.read(&path).await.map_err(RunError::disk("read", &path))?;
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
