//! The folder of a run: who works in it, and which run it holds.

use std::path::Path;

use super::disk::{self, Disk, Lock};
use super::error::RunError;
use super::key::KeyFile;
use super::names::{self, LOCK, SAMPLES};
use super::record::lines;
use super::samples;

/// Creates a folder if there is none, and locks it.
pub(crate) async fn lock(disk: &impl Disk, folder: &Path) -> Result<Lock, RunError> {
    disk.create_folder(folder)
        .await
        .map_err(RunError::disk("create the folder", folder))?;
    let path = folder.join(LOCK);
    let lock = disk.lock(&path).await.map_err(RunError::disk("lock", &path))?;
    lock.ok_or_else(|| RunError::Busy(folder.to_owned()))
}

/// Makes a locked folder that of a run, or sees that it is.
pub(crate) async fn open(disk: &impl Disk, folder: &Path, key: &KeyFile) -> Result<(), RunError> {
    for name in names::ALL.into_iter().filter(|name| *name != LOCK) {
        let left = disk::temporary(folder, name);
        disk.remove(&left).await.map_err(RunError::disk("remove", &left))?;
    }
    match KeyFile::read(disk, folder).await? {
        Some(there) if key.extends(&there) => extend(disk, folder, key, &there).await,
        Some(there) => key.must_equal(&there, folder),
        None => {
            let samples = folder.join(SAMPLES);
            if disk
                .read(&samples)
                .await
                .map_err(RunError::disk("read", &samples))?
                .is_some()
            {
                return Err(RunError::damaged(
                    &samples,
                    1,
                    "answers without a key.json that says which run's",
                ));
            }
            key.write(disk, folder).await
        }
    }
}

/// Makes a run of a few samples one of more. Batches that get more samples are done again.
async fn extend(disk: &impl Disk, folder: &Path, key: &KeyFile, there: &KeyFile) -> Result<(), RunError> {
    let path = folder.join(SAMPLES);
    let bytes = disk
        .read(&path)
        .await
        .map_err(RunError::disk("read", &path))?
        .unwrap_or_default();
    let mut found = samples::recover(&path, &bytes, there, None)?;
    let grows = |batch: usize| there.batch_len(batch) < key.batch_len(batch);
    let size = key.fields.batch_size;
    found.records.retain(|record| !grows(record.index / size));
    found.records.sort_by_key(|record| record.index);
    // In this order a crash between the two leaves the smaller run, without its last batch.
    disk::replace(disk, folder, SAMPLES, lines(&found.records).as_bytes()).await?;
    key.write(disk, folder).await
}

/// How the questions of a folder's run were brought into their order; none for the task's own, and
/// where there is no run.
///
/// # Errors
/// A key that cannot be read.
pub async fn order(disk: &impl Disk, folder: &Path) -> Result<Option<String>, RunError> {
    Ok(KeyFile::read(disk, folder).await?.and_then(|key| key.fields.order))
}
