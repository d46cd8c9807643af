//! `run.json`: when, where and how often. Nothing in it decides a score.

use std::path::Path;

use serde::{Deserialize, Serialize};
use web_time::{Instant, SystemTime, UNIX_EPOCH};

use super::disk::{self, Disk};
use super::error::RunError;
use super::names::HISTORY;

/// What a process runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Name of the machine.
    pub host: String,
    /// What computes, and its driver.
    pub device: String,
    /// Its memory, bytes.
    pub memory: Option<u64>,
}

/// One process that worked in the folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    /// Seconds since 1970, UTC.
    started: u64,
    #[serde(flatten)]
    machine: Machine,
    process: u32,
    /// Samples that were there.
    samples_before: usize,
    /// Samples at the end; none for a process that was killed.
    samples_after: Option<usize>,
    seconds: Option<f64>,
    /// What it did after the first half, in which kernels are compiled and pictures begin to be
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_half: Option<Pace>,
    ended: Option<String>,
}

/// How fast samples came.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Pace {
    samples: usize,
    seconds: f64,
    samples_per_second: f64,
}

/// Every process that worked in a folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sessions {
    sessions: Vec<Session>,
}

/// The history of a folder while a process works in it.
pub(crate) struct History {
    all: Sessions,
    began: Instant,
    /// Samples when the first half was done, and when that was.
    half: Option<(usize, Instant)>,
}

impl History {
    /// Notes that a process begins.
    pub(crate) async fn begin(
        disk: &impl Disk,
        folder: &Path,
        machine: &Machine,
        samples: usize,
    ) -> Result<Self, RunError> {
        let path = folder.join(HISTORY);
        let mut all = match disk.read(&path).await.map_err(RunError::disk("read", &path))? {
            None => Sessions::default(),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let problem = format!("not the history of a run ({error}); it decides no score and may be removed");
                RunError::damaged(&path, error.line(), problem)
            })?,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        all.sessions.push(Session {
            started: now.as_secs(),
            machine: machine.clone(),
            process: process(),
            samples_before: samples,
            samples_after: None,
            seconds: None,
            second_half: None,
            ended: None,
        });
        let history = Self {
            all,
            began: Instant::now(),
            half: None,
        };
        history.write(disk, folder).await?;
        Ok(history)
    }

    /// Notes that so many of all samples are done.
    pub(crate) fn advance(&mut self, done: usize, of: usize) {
        let before = self.all.sessions.last().map_or(0, |session| session.samples_before);
        // A process that finds everything done, or one batch to do, has no half.
        if self.half.is_none() && done > before && 2 * done >= before + of && done < of {
            self.half = Some((done, Instant::now()));
        }
    }

    /// Notes how it ended.
    pub(crate) async fn end(
        &mut self,
        disk: &impl Disk,
        folder: &Path,
        samples: usize,
        how: &str,
    ) -> Result<(), RunError> {
        if let Some(session) = self.all.sessions.last_mut() {
            session.samples_after = Some(samples);
            session.seconds = Some(self.began.elapsed().as_secs_f64());
            session.second_half = self.half.map(|(done, when)| {
                let (samples, seconds) = (samples.saturating_sub(done), when.elapsed().as_secs_f64());
                Pace {
                    samples,
                    seconds,
                    samples_per_second: samples as f64 / seconds.max(f64::EPSILON),
                }
            });
            session.ended = Some(how.to_owned());
        }
        self.write(disk, folder).await
    }

    async fn write(&self, disk: &impl Disk, folder: &Path) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(&self.all).expect("texts and numbers become JSON");
        text.push('\n');
        disk::replace(disk, folder, HISTORY, text.as_bytes()).await
    }
}

/// Number of this process. A browser has none, and gets 0.
fn process() -> u32 {
    if cfg!(target_arch = "wasm32") {
        0
    } else {
        std::process::id()
    }
}
