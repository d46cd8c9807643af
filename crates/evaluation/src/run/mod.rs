//! Runs that cannot be lost: killed at any point, a run goes on where it was, and its files are
//! those of a run that was never killed.
//!
//! A folder holds one run, or one shard of it:
//!
//! - `key.json`: everything that decides the answers, and its hash.
//! - `samples.jsonl`: an answer per line; appended and synced a batch at a time, and in the task's
//!   order once the run is finished.
//! - `results.json`, `table.md`, `table.csv`, `scores.jsonl`: scores, in all and of every sample,
//!   derived from the samples.
//! - `task.json`, `questions.jsonl`: what was asked, with gold.
//! - `run.json`: time, machine and history, all that may differ from run to run.
//! - `lock`: nothing; whoever works in the folder holds its lock.
//!
//! All but the last two are the same bytes whenever the model's answers are. Which samples make a
//! batch depends on their place in the task alone, and an unfinished batch is done again as a
//! whole, so that the arithmetic is the same after a crash. All files but `samples.jsonl` are
//! written under a temporary name, synced and renamed.

mod difference;
pub mod disk;
pub mod error;
mod finish;
mod folder;
mod history;
mod item;
mod key;
mod merge;
pub mod names;
mod peek;
mod record;
mod report;
mod samples;
mod shard;

use std::ops::ControlFlow;
use std::path::Path;

use sightline_eval::scorer::{Reason, Record, Scorer};

pub use difference::Difference;
pub use finish::{Finished, UNREADABLE, records};
pub use folder::order;
pub use history::Machine;
pub use item::{Answered, Answerer, Beside, Item, Progress};
pub(crate) use key::KeyFile;
pub use key::{Items, RunKey, questions_sha256};
pub use merge::merge;
pub use peek::{Peek, peek};
#[cfg(test)]
pub(crate) use record::lines;
pub(crate) use record::read as read_record;
pub use report::{Report, rescore};
pub use shard::{Assigned, Shard, assigned};

use disk::Disk;
use error::RunError;
use finish::{finish, unreadable};
use folder::{lock, open};
use history::History;
use key::sample_key;
use names::SAMPLES;
use samples::Recovered;

/// A run to do.
pub struct Run<'a, D> {
    /// Its folder.
    pub folder: &'a Path,
    /// The disk.
    pub disk: &'a D,
    /// What decides the answers.
    pub key: &'a RunKey,
    /// What is asked, in the task's order.
    pub items: &'a [Item],
    /// The part to do; none for all of it.
    pub shard: Option<Shard>,
    /// How many questions from the start are asked; none for all.
    pub limit: Option<usize>,
    /// What `run.json` says about this machine.
    pub machine: &'a Machine,
    /// Files that are written beside the answers once all are there.
    pub beside: &'a [Beside],
}

impl<D: Disk> Run<'_, D> {
    /// Does what is not done yet, and writes the results. `progress` hears of every batch, and may
    /// end the run there.
    ///
    /// # Errors
    /// A folder of another run, or one that another process works in; a disk, an answerer or a
    /// scorer that fails; [`RunError::Stopped`].
    pub async fn execute(
        &self,
        answerer: &mut impl Answerer,
        scorer: &dyn Scorer,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Finished, RunError> {
        self.check_plan()?;
        let _lock = lock(self.disk, self.folder).await?;
        let key = KeyFile::new(self.key, self.shard, self.limit);
        open(self.disk, self.folder, &key).await?;
        let samples = self.recover(&key).await?;
        let resumed = samples.records.len();
        let mut history = History::begin(self.disk, self.folder, self.machine, resumed).await?;
        let mut advance = |shown: Progress| {
            history.advance(shown.done, shown.of);
            progress(shown)
        };
        let done = match self.answer_rest(&key, samples, answerer, &mut advance).await {
            Ok(samples) => finish(self.disk, self.folder, &key, samples, scorer, self.beside).await,
            Err(error) => Err(error),
        };
        match done {
            Ok((records, report)) => {
                history.end(self.disk, self.folder, records.len(), "finished").await?;
                Ok(Finished {
                    count: records.len(),
                    resumed,
                    unreadable: unreadable(&records),
                    report,
                })
            }
            Err(error) => {
                // What ended the run is the error to report, not that it cannot be noted.
                let how = match error {
                    RunError::Stopped => "stopped".to_owned(),
                    _ => format!("failed: {error}"),
                };
                let _ = history.end(self.disk, self.folder, resumed, &how).await;
                Err(error)
            }
        }
    }

    fn check_plan(&self) -> Result<(), RunError> {
        if self.key.batch_size == 0 {
            return Err(RunError::Plan("a batch needs at least one sample".to_owned()));
        }
        if Items::of(self.items)? != self.key.items {
            return Err(RunError::Plan("the items are not those of the run's key".to_owned()));
        }
        Ok(())
    }

    /// What is there of the samples; what was not finished is cut off.
    async fn recover(&self, key: &KeyFile) -> Result<Recovered, RunError> {
        let (disk, path) = (self.disk, self.folder.join(SAMPLES));
        let bytes = disk.read(&path).await.map_err(RunError::disk("read", &path))?;
        let found = samples::recover(&path, bytes.as_deref().unwrap_or_default(), key, Some(self.items))?;
        match &bytes {
            None => disk.write(&path, b"").await.map_err(RunError::disk("write", &path))?,
            Some(bytes) if bytes.len() > found.keep => {
                let cut = disk.truncate(&path, found.keep as u64).await;
                cut.map_err(RunError::disk("cut the unfinished end of", &path))?;
            }
            Some(_) => {}
        }
        // What was read may not be on the disk: a process that was killed leaves its bytes in
        // memory.
        disk.sync(&path).await.map_err(RunError::disk("write", &path))?;
        disk.sync_folder(self.folder)
            .await
            .map_err(RunError::disk("write", self.folder))?;
        Ok(found)
    }

    /// Answers every batch that is missing.
    async fn answer_rest(
        &self,
        key: &KeyFile,
        mut samples: Recovered,
        answerer: &mut impl Answerer,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Recovered, RunError> {
        let mine: Vec<usize> = key.batches().collect();
        let of = mine.iter().map(|&batch| key.batch_len(batch)).sum();
        let rest: Vec<usize> = mine
            .into_iter()
            .filter(|batch| !samples.batches.contains(batch))
            .collect();
        let mut order = rest.clone();
        answerer.order(&mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != rest {
            return Err(RunError::Plan("the model's order drops or repeats a batch".to_owned()));
        }
        let mut done = samples.records.len();
        let mut flow = progress(Progress {
            done,
            of,
            new: &samples.records,
        });
        for batch in order {
            if flow.is_break() {
                return Err(RunError::Stopped);
            }
            let records = self.answer_batch(key, batch, answerer).await?;
            self.append(&records, &mut samples.keep).await?;
            done += records.len();
            flow = progress(Progress {
                done,
                of,
                new: &records,
            });
            samples.batches.insert(batch);
            samples.records.extend(records);
        }
        Ok(samples)
    }

    async fn answer_batch(
        &self,
        key: &KeyFile,
        batch: usize,
        answerer: &mut impl Answerer,
    ) -> Result<Vec<Record>, RunError> {
        let first = batch * key.fields.batch_size;
        let items = &self.items[first..first + key.batch_len(batch)];
        let failed = |reason: Reason| RunError::Answerer {
            first: items[0].id.clone(),
            last: items[items.len() - 1].id.clone(),
            reason,
        };
        let answers = answerer.answer(first, items).await.map_err(failed)?;
        if answers.len() != items.len() {
            return Err(failed(
                format!("{} answers to {} questions", answers.len(), items.len()).into(),
            ));
        }
        let mut records = Vec::with_capacity(items.len());
        for (at, (item, answer)) in items.iter().zip(answers).enumerate() {
            let Answered { image, outcome, margin } = answer;
            if item.image_sha256.is_some() && image.is_some() && image != item.image_sha256 {
                let problem = format!("the picture of {} is not the one that the task fixes", item.id);
                return Err(failed(problem.into()));
            }
            let record = Record {
                index: first + at,
                id: item.id.clone(),
                key: sample_key(&key.run_key, &item.id, image.as_deref()),
                image,
                outcome,
                margin,
            };
            if !record::is_finite(&record) {
                return Err(failed(format!("a number of {} is not finite", item.id).into()));
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Puts a batch on the disk. `length`: bytes of the file.
    async fn append(&self, records: &[Record], length: &mut usize) -> Result<(), RunError> {
        let path = self.folder.join(SAMPLES);
        let text = record::lines(records);
        let written = match self.disk.append(&path, text.as_bytes()).await {
            Ok(()) => self.disk.sync(&path).await,
            failed => failed,
        };
        if let Err(error) = written {
            // After a failed sync the bytes may be seen but not on the disk, and no later sync
            // would tell. If they cannot be cut off either, the next process reads what is there.
            let _ = self.disk.truncate(&path, *length as u64).await;
            return Err(RunError::disk("write", &path)(error));
        }
        *length += text.len();
        Ok(())
    }
}
