//! What a run is in the end.

use std::path::Path;

use sightline_eval::scorer::{Outcome, Record, Scorer};

use super::disk::{self, Disk};
use super::error::RunError;
use super::item::Beside;
use super::key::{KeyFile, RunKey};
use super::names::SAMPLES;
use super::record::lines;
use super::report::{self, Report};
use super::samples::Recovered;

/// Exit status of a run that finished, but with pictures that could not be read.
pub const UNREADABLE: u8 = 6;

/// A finished run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Samples in the folder.
    pub count: usize,
    /// Samples of them that were there before this process.
    pub resumed: usize,
    /// Ids and reasons of pictures that could not be read: counted wrong.
    pub unreadable: Vec<(String, String)>,
    /// Scores; none for a shard.
    pub report: Option<Report>,
}

impl Finished {
    /// Exit status of the process: 0, or [`UNREADABLE`].
    pub fn exit_status(&self) -> u8 {
        if self.unreadable.is_empty() { 0 } else { UNREADABLE }
    }
}

/// Brings the samples into order and, unless it is a shard, derives the results.
pub(crate) async fn finish(
    disk: &impl Disk,
    folder: &Path,
    key: &KeyFile,
    mut samples: Recovered,
    scorer: &dyn Scorer,
    beside: &[Beside],
) -> Result<(Vec<Record>, Option<Report>), RunError> {
    if !samples.is_canonical() {
        samples.records.sort_by_key(|record| record.index);
        disk::replace(disk, folder, SAMPLES, lines(&samples.records).as_bytes()).await?;
    }
    let report = match key.shard {
        None => Some(report::write(disk, folder, key, &samples.records, scorer).await?),
        Some(_) => None,
    };
    for file in beside {
        disk::replace(disk, folder, file.name, &file.bytes).await?;
    }
    Ok((samples.records, report))
}

/// What a finished run holds: its key, and its records in the task's order.
///
/// # Errors
/// A folder without a finished run.
pub async fn records(disk: &impl Disk, folder: &Path) -> Result<(RunKey, Vec<Record>), RunError> {
    let missing = || RunError::Plan(format!("{} holds no run (no key.json)", folder.display()));
    let key = KeyFile::read(disk, folder).await?.ok_or_else(missing)?;
    let mut records = report::read_finished(disk, folder, &key).await?;
    records.sort_by_key(|record| record.index);
    Ok((key.fields, records))
}

/// Ids and reasons of what could not be read.
pub(crate) fn unreadable(records: &[Record]) -> Vec<(String, String)> {
    let reason = |record: &Record| match &record.outcome {
        Outcome::Unreadable(reason) => Some((record.id.clone(), reason.clone())),
        _ => None,
    };
    records.iter().filter_map(reason).collect()
}
