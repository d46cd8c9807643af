//! How far the run of a folder is, without going on with it.

use std::path::Path;

use super::disk::Disk;
use super::error::RunError;
use super::key::{KeyFile, RunKey};
use super::names::SAMPLES;
use super::samples;
use super::shard::Shard;

/// What a folder holds.
#[derive(Clone, Debug)]
pub struct Peek {
    /// What decides the answers.
    pub key: RunKey,
    /// The part that it does; none for all of the run.
    pub shard: Option<Shard>,
    /// Answers that are wanted.
    pub count: usize,
    /// Of them those of complete batches.
    pub done: usize,
}

/// What a folder holds; none where there is no run. Another process may be at work in it.
///
/// # Errors
/// Files that cannot be read, or that are damaged.
pub async fn peek(disk: &impl Disk, folder: &Path) -> Result<Option<Peek>, RunError> {
    let Some(key) = KeyFile::read(disk, folder).await? else {
        return Ok(None);
    };
    let path = folder.join(SAMPLES);
    let bytes = disk.read(&path).await.map_err(RunError::disk("read", &path))?;
    let found = samples::recover(&path, bytes.as_deref().unwrap_or_default(), &key, None)?;
    Ok(Some(Peek {
        count: key.batches().map(|batch| key.batch_len(batch)).sum(),
        done: found.records.len(),
        shard: key.shard,
        key: key.fields,
    }))
}
