//! What only this machine has: its file system, its name, its memory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sightline_eval::tasks;

use crate::error::EvaluationError;
use crate::questions;
use crate::run::disk::{Disk, Lock};
use crate::run::{Finished, Machine, merge};

/// Folders of runs that a path stands for: itself, or every run for `*` in place of one part,
/// sorted.
///
/// # Errors
/// A star that stands for no run.
pub fn folders(path: &Path) -> Result<Vec<PathBuf>, EvaluationError> {
    let parts: Vec<_> = path.components().collect();
    let Some(star) = parts.iter().position(|part| part.as_os_str() == "*") else {
        return Ok(vec![path.to_owned()]);
    };
    let above: PathBuf = parts[..star].iter().collect();
    let above = if above.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        above
    };
    let below: PathBuf = parts[star + 1..].iter().collect();
    let entries = fs::read_dir(&above)
        .map_err(|error| EvaluationError::Unusable(format!("cannot read {}: {error}", above.display())))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path().join(&below)))
        .filter(|folder| folder.join("key.json").is_file())
        .collect();
    found.sort();
    if found.is_empty() {
        let problem = format!("{} names no run (no key.json)", path.display());
        return Err(EvaluationError::Unusable(problem));
    }
    Ok(found)
}

/// Merges the finished shards of a run into `out`, or into the folder that the first one is in.
/// Returns that folder.
///
/// # Errors
/// A folder that is not there or is one of the shards, and as [`merge`].
pub async fn merge_shards(shards: &[PathBuf], out: Option<&Path>) -> Result<(PathBuf, Finished), EvaluationError> {
    let none = || EvaluationError::Unusable("no shards are given".to_owned());
    let first = shards.first().ok_or_else(none)?;
    let above = || first.canonicalize().ok()?.parent().map(Path::to_owned);
    let missing = || EvaluationError::Unusable(format!("there is no folder {}", first.display()));
    let folder = out.map(Path::to_owned).or_else(above).ok_or_else(missing)?;
    let same = |shard: &&PathBuf| {
        shard
            .canonicalize()
            .is_ok_and(|shard| folder.canonicalize().is_ok_and(|out| out == shard))
    };
    if let Some(shard) = shards.iter().find(same) {
        let problem = format!(
            "--out {} would write over a shard; name another folder",
            shard.display()
        );
        return Err(EvaluationError::Unusable(problem));
    }
    let loaded = questions::read(&FileSystem, first).await?;
    let scorer = tasks::scorer(&loaded)?;
    let machine = Machine {
        memory: None,
        ..machine("merge".to_owned())
    };
    let beside = questions::files(&loaded);
    let finished = merge(&FileSystem, shards, &folder, scorer.as_ref(), &machine, &beside).await?;
    Ok((folder, finished))
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl Disk for FileSystem {
    async fn create_folder(&self, folder: &Path) -> io::Result<()> {
        create_folder(folder)
    }

    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }

    async fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().append(true).open(path)?.write_all(bytes)
    }

    async fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(length)
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    async fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        sync_folder(folder)
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Creates a folder and those above it, and syncs the entry in the folder above.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if above != Path::new(".") {
        create_folder(above)?;
    }
    // Another process may have been faster.
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => return Err(error),
        _ => {}
    }
    sync_folder(above)
}

/// Returns once a folder's entries are on the disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and its entries need no sync.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// This machine, as `run.json` notes it. `device`: what computes, and its driver.
pub fn machine(device: String) -> Machine {
    Machine {
        host: host(),
        device,
        memory: memory(),
    }
}

/// This machine's name; empty where it has none.
fn host() -> String {
    let name = std::env::var("HOSTNAME")
        .ok()
        .or_else(|| fs::read_to_string("/etc/hostname").ok());
    name.unwrap_or_default().trim().to_owned()
}

/// This machine's memory in bytes, where the system says it as Linux does.
fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_every_run() {
        let parent = tempfile::tempdir().expect("a folder");
        for run in ["b/model", "a/model", "a/other", "c/none"] {
            std::fs::create_dir_all(parent.path().join(run)).expect("a folder");
        }
        for run in ["a/model", "a/other", "b/model"] {
            std::fs::write(parent.path().join(run).join("key.json"), "{}").expect("a file");
        }
        let found = folders(&parent.path().join("*/model")).expect("runs");
        assert_eq!(found, [parent.path().join("a/model"), parent.path().join("b/model")]);
        assert!(folders(&parent.path().join("*/nobody")).is_err());
        assert_eq!(folders(Path::new("x/y")).expect("itself"), [PathBuf::from("x/y")]);
    }
}
