//! Runs that cannot be lost: killed at any point, a run goes on where it was, and its files are
//! those of a run that was never killed.
//!
//! A folder holds one run, or one shard of it:
//!
//! | file | holds |
//! |---|---|
//! | `key.json` | everything that decides the answers, and its hash |
//! | `samples.jsonl` | an answer a line; appended and synced a batch at a time, in the task's order once the run is finished |
//! | `results.json`, `table.md`, `table.csv`, `scores.jsonl` | scores, in all and of every sample, derived from the samples |
//! | `task.json`, `questions.jsonl` | what was asked, with gold |
//! | `run.json` | time, machine and history: all that may differ from run to run |
//! | `lock` | nothing; who works in the folder holds its lock |
//!
//! All but the last two are the same bytes whenever the model's answers are. Which samples make a
//! batch depends on their place in the task alone, and an unfinished batch is done again as a
//! whole, so that the arithmetic is the same after a crash. All files but `samples.jsonl` are
//! written under a temporary name, synced and renamed.

mod difference;
pub mod disk;
pub mod error;
mod history;
mod key;
mod merge;
mod record;
mod report;
mod samples;
mod shard;

use std::path::Path;

use sightline_eval::scorer::{Outcome, Reason, Record, Scorer};

pub use difference::Difference;
pub use history::Machine;
pub use key::{Items, RunKey, questions_sha256};
pub use merge::merge;
pub use report::{Report, rescore};
pub use shard::{Assigned, Shard, assigned};

use disk::{Disk, Lock};
use error::RunError;
use history::History;
use key::{KeyFile, sample_key};
use samples::Recovered;

use crate::questions;

pub(crate) const KEY: &str = "key.json";
pub(crate) const SAMPLES: &str = "samples.jsonl";
pub(crate) const LOCK: &str = "lock";

/// Exit status of a run that finished, but with pictures that could not be read.
pub const UNREADABLE: u8 = 6;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id; no other item has it.
    pub id: String,
    /// SHA-256 of the picture's file, where the task fixes it.
    pub image_sha256: Option<String>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// SHA-256 of the picture's file; none where there is no file.
    pub image: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Smallest distance between the best and the second logit of a step, where it was taken.
    pub margin: Option<f32>,
}

/// What answers questions: the model, or a stand-in.
#[expect(async_fn_in_trait, reason = "a run stays on the thread that it began on")]
pub trait Answerer {
    /// Answers a batch, whose first item has the place `first` in the task: one answer an item, in
    /// their order, the same whenever it is asked. A picture that cannot be read is an outcome; an
    /// error ends the run.
    ///
    /// # Errors
    /// A model or a device that fails. What was answered before stays.
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason>;

    /// May bring batches (by number) into an order that suits it, such as equal shapes together.
    fn order(&mut self, _batches: &mut [usize]) {}
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<'a> {
    /// Samples that are on the disk.
    pub done: usize,
    /// Samples of this process's part.
    pub of: usize,
    /// The samples that were added last; all that were there, at the first call.
    pub new: &'a [Record],
}

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

/// A file that lies beside the answers of a run, such as what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its name within the folder.
    pub name: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

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
    /// Does what is not done yet, and writes the results.
    ///
    /// # Errors
    /// A folder of another run, or one that another process works in; a disk, an answerer or a
    /// scorer that fails.
    pub async fn execute(
        &self,
        answerer: &mut impl Answerer,
        scorer: &dyn Scorer,
        progress: &mut dyn FnMut(Progress),
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
            progress(shown);
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
                let how = format!("failed: {error}");
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
        progress: &mut dyn FnMut(Progress),
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
        progress(Progress {
            done,
            of,
            new: &samples.records,
        });
        for batch in order {
            let records = self.answer_batch(key, batch, answerer).await?;
            self.append(&records, &mut samples.keep).await?;
            done += records.len();
            progress(Progress {
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
        let text = lines(records);
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

/// The text of records.
pub(crate) fn lines(records: &[Record]) -> String {
    records.iter().map(|record| record::line(record) + "\n").collect()
}

fn unreadable(records: &[Record]) -> Vec<(String, String)> {
    let reason = |record: &Record| match &record.outcome {
        Outcome::Unreadable(reason) => Some((record.id.clone(), reason.clone())),
        _ => None,
    };
    records.iter().filter_map(reason).collect()
}

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
    for name in [
        KEY,
        SAMPLES,
        report::RESULTS,
        report::MARKDOWN,
        report::CSV,
        report::SCORES,
        history::FILE,
        questions::TASK,
        questions::QUESTIONS,
    ] {
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
