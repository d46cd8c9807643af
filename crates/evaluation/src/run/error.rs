//! Why a run cannot go on: one sentence each, with the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sightline_eval::scorer::Reason;
use thiserror::Error;

use super::difference::Difference;

/// Why a run cannot go on. Answers that were synced before stay.
#[derive(Debug, Error)]
pub enum RunError {
    /// The disk refuses.
    #[error("cannot {} {}: {}", .action, .path.display(), Advice(.source))]
    Disk {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process works in the folder.
    #[error("{} is in use by another process; wait for it, or end it", .0.display())]
    Busy(PathBuf),
    /// The folder holds another run.
    #[error("{} holds another run: {}; take another folder, or the settings of that run", .folder.display(), List(.differences))]
    Other {
        /// The folder.
        folder: PathBuf,
        /// Every field that differs.
        differences: Vec<Difference>,
    },
    /// A file is damaged elsewhere than at its end.
    #[error("{}, line {line}: {problem}; restore the file from a copy, or start in another folder", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The run cannot be planned.
    #[error("{0}")]
    Plan(String),
    /// Shards that do not make one run.
    #[error("{0}")]
    Merge(String),
    /// The model failed, not a picture.
    #[error("the model failed on the samples {first} to {last}: {reason}; run the same command again to go on")]
    Answerer {
        /// Id of the batch's first sample.
        first: String,
        /// Id of its last.
        last: String,
        /// What it reported.
        reason: Reason,
    },
    /// Whoever follows the run has ended it.
    #[error("the run was stopped; what is done is kept, and it goes on from there")]
    Stopped,
    /// The scorer failed.
    #[error("the answers cannot be scored: {0}")]
    Scorer(Reason),
}

impl RunError {
    /// Turns what the system said into an error.
    pub(crate) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { action, path, source }
    }

    pub(crate) fn damaged(path: &Path, line: usize, problem: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            line,
            problem: problem.into(),
        }
    }
}

/// An error of the system with what to do about it.
struct Advice<'a>(&'a io::Error);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.0.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                out.write_str("the disk is full; finished batches are kept, make room and run the same command again")
            }
            io::ErrorKind::ReadOnlyFilesystem => out.write_str(
                "the disk is mounted read-only; finished batches are kept, take a folder that can be written",
            ),
            io::ErrorKind::PermissionDenied => {
                out.write_str("permission denied; finished batches are kept, take a folder that can be written")
            }
            _ => self.0.fmt(out),
        }
    }
}

/// Differences, one after the other.
struct List<'a>(&'a [Difference]);

impl fmt::Display for List<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        for (at, difference) in self.0.iter().enumerate() {
            write!(out, "{}{difference}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
