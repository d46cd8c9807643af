//! Finished runs, read back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sightline_eval::interval::{Group, Headline};
use sightline_eval::score::Score;
use sightline_eval::scorer::{Outcome, Record};
use sightline_eval::tasks::{self, Loaded};

use crate::error::EvaluationError;
use crate::questions;
use crate::run::disk::Disk;
use crate::run::error::RunError;
use crate::run::{RunKey, records};

/// A finished run.
pub struct FinishedRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What decided its answers.
    pub key: RunKey,
    /// The task with its questions; their pictures are not there.
    pub loaded: Loaded,
    /// Answers in the task's order.
    pub records: Vec<Record>,
    /// Their scores.
    pub scores: Vec<Score>,
    /// Picture and setting of every question.
    pub groups: Vec<Group>,
}

impl FinishedRun {
    /// Reads a run and scores it.
    ///
    /// # Errors
    /// A folder without a finished run, or with answers that do not belong to its questions.
    pub async fn read(disk: &impl Disk, folder: &Path) -> Result<Self, EvaluationError> {
        let (key, records) = records(disk, folder).await.map_err(EvaluationError::unusable)?;
        let loaded = questions::read(disk, folder).await?;
        let scorer = tasks::scorer(&loaded)?;
        if loaded.questions.len() != records.len() {
            let (questions, answers) = (loaded.questions.len(), records.len());
            let problem = format!(
                "{}: {questions} questions and {answers} answers; run the evaluation again",
                folder.display()
            );
            return Err(EvaluationError::Unusable(problem));
        }
        let score = |record: &Record| match record.outcome {
            Outcome::Unreadable(_) => Ok(Score {
                valid: Some(false),
                ..Score::default()
            }),
            _ => scorer.score(record).map_err(RunError::Scorer),
        };
        let scores = records.iter().map(score).collect::<Result<_, _>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            groups: loaded.questions.iter().map(Group::of).collect(),
            key,
            loaded,
            records,
            scores,
        })
    }

    /// Score and interval.
    pub fn headline(&self) -> Option<Headline> {
        let samples: Vec<_> = self.groups.iter().zip(self.scores.iter().copied()).collect();
        Headline::of(&samples)
    }

    /// The last part of its folder's name: who answered.
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// Runs by task. `reading` hears of every folder before it is read.
///
/// # Errors
/// A folder that cannot be read, and two runs of one task.
pub async fn by_task(
    disk: &impl Disk,
    folders: &[PathBuf],
    reading: &mut dyn FnMut(&Path),
) -> Result<BTreeMap<String, FinishedRun>, EvaluationError> {
    let mut runs: BTreeMap<String, FinishedRun> = BTreeMap::new();
    for folder in folders {
        reading(folder);
        let run = FinishedRun::read(disk, folder).await?;
        let task = run.key.task.clone();
        if let Some(other) = runs.insert(task.clone(), run) {
            let problem = format!("{} and {} are both of {task}", other.folder.display(), folder.display());
            return Err(EvaluationError::Unusable(problem));
        }
    }
    Ok(runs)
}
