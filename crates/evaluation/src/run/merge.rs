//! Shards of a run become the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sightline_eval::scorer::{Record, Scorer};

use super::disk::{self, Disk};
use super::error::RunError;
use super::finish::{Finished, finish, unreadable};
use super::folder::{lock, open};
use super::history::{History, Machine};
use super::item::Beside;
use super::key::KeyFile;
use super::names::SAMPLES;
use super::record::lines;
use super::report::read_finished;
use super::samples::Recovered;

/// Merges finished shards into `folder`: its files are those of one process that did the whole run.
/// Refuses shards that are missing, unfinished, of another run, or given twice.
///
/// # Errors
/// Shards that are missing, unfinished or of different runs, and a disk that fails.
pub async fn merge(
    disk: &impl Disk,
    shards: &[PathBuf],
    folder: &Path,
    scorer: &dyn Scorer,
    machine: &Machine,
    beside: &[Beside],
) -> Result<Finished, RunError> {
    let (key, mut records) = read_shards(disk, shards).await?;
    records.sort_by_key(|record| record.index);
    let _lock = lock(disk, folder).await?;
    open(disk, folder, &key).await?;
    let mut history = History::begin(disk, folder, machine, 0).await?;
    disk::replace(disk, folder, SAMPLES, lines(&records).as_bytes()).await?;
    let samples = Recovered {
        batches: BTreeSet::new(),
        records,
        keep: 0,
    };
    let (records, report) = finish(disk, folder, &key, samples, scorer, beside).await?;
    history.end(disk, folder, records.len(), "merged").await?;
    Ok(Finished {
        count: records.len(),
        resumed: records.len(),
        unreadable: unreadable(&records),
        report,
    })
}

/// The key of the whole run and all records.
async fn read_shards(disk: &impl Disk, folders: &[PathBuf]) -> Result<(KeyFile, Vec<Record>), RunError> {
    let mut first: Option<KeyFile> = None;
    let mut seen: BTreeMap<usize, &Path> = BTreeMap::new();
    let mut records = Vec::new();
    for folder in folders {
        let key = KeyFile::read(disk, folder)
            .await?
            .ok_or_else(|| RunError::Merge(format!("{} holds no run (no key.json)", folder.display())))?;
        let shard = key
            .shard
            .ok_or_else(|| RunError::Merge(format!("{} holds a whole run, not a shard", folder.display())))?;
        let first = first.get_or_insert_with(|| key.clone());
        let same = KeyFile {
            shard: key.shard,
            ..first.clone()
        };
        same.must_equal(&key, folder)?;
        if first.shard.map(|shard| shard.count()) != Some(shard.count()) {
            let problem = format!(
                "{} holds shard {shard}, of another split than {}",
                folder.display(),
                folders[0].display()
            );
            return Err(RunError::Merge(problem));
        }
        if let Some(other) = seen.insert(shard.index(), folder) {
            let problem = format!(
                "shard {shard} is given twice: {} and {}",
                other.display(),
                folder.display()
            );
            return Err(RunError::Merge(problem));
        }
        records.extend(read_finished(disk, folder, &key).await?);
    }
    let first = first.ok_or_else(|| RunError::Merge("no shards are given".to_owned()))?;
    let count = first.shard.map_or(0, |shard| shard.count());
    let missing: Vec<String> = (0..count)
        .filter(|index| !seen.contains_key(index))
        .map(|index| format!("{index}/{count}"))
        .collect();
    if !missing.is_empty() {
        return Err(RunError::Merge(format!("missing shards: {}", missing.join(", "))));
    }
    Ok((KeyFile::new(&first.fields, None, first.limit), records))
}
