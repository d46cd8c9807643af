//! Finished runs, read back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sightline_eval::interval::{Group, Headline};
use sightline_eval::run::disk::FileSystem;
use sightline_eval::run::{Outcome, Record, RunKey, records};
use sightline_eval::score::Score;
use sightline_eval::tasks::{self, Loaded};

use crate::commands::eval::read_questions;
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// A finished run.
pub(crate) struct FinishedRun {
    pub folder: PathBuf,
    pub key: RunKey,
    pub loaded: Loaded,
    /// In the task's order.
    pub records: Vec<Record>,
    pub scores: Vec<Score>,
    pub groups: Vec<Group>,
}

impl FinishedRun {
    /// Reads a run and scores it.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let (key, records) = records(&FileSystem, folder).or_fail(INPUT)?;
        let loaded = read_questions(folder)?;
        let scorer = tasks::scorer(&loaded).or_fail(INPUT)?;
        if loaded.questions.len() != records.len() {
            let (questions, answers) = (loaded.questions.len(), records.len());
            let problem = format!(
                "{}: {questions} questions and {answers} answers; run the evaluation again",
                folder.display()
            );
            return Err(Failure::new(INPUT, problem));
        }
        let score = |record: &Record| match record.outcome {
            Outcome::Unreadable(_) => Ok(Score {
                valid: Some(false),
                ..Score::default()
            }),
            _ => scorer.score(record).or_fail(RUNNING),
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
    pub(crate) fn headline(&self) -> Option<Headline> {
        let samples: Vec<_> = self.groups.iter().zip(self.scores.iter().copied()).collect();
        Headline::of(&samples)
    }

    /// The last part of its folder's name: who answered.
    pub(crate) fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// Folders of runs that a path stands for: itself, or every run for `*` in place of one part, sorted.
pub(crate) fn folders(path: &Path) -> Result<Vec<PathBuf>, Failure> {
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
    let entries = std::fs::read_dir(&above)
        .map_err(|error| Failure::new(INPUT, format!("cannot read {}: {error}", above.display())))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path().join(&below)))
        .filter(|folder| folder.join("key.json").is_file())
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(Failure::new(
            INPUT,
            format!("{} names no run (no key.json)", path.display()),
        ));
    }
    Ok(found)
}

/// Runs by task; two of one task are an error.
pub(crate) fn by_task(path: &Path) -> Result<BTreeMap<String, FinishedRun>, Failure> {
    let mut runs: BTreeMap<String, FinishedRun> = BTreeMap::new();
    let folders = folders(path)?;
    let bar = output::count_bar(folders.len(), "");
    for folder in folders {
        bar.set_message(format!("reading {}", output::name(&folder)));
        let run = FinishedRun::read(&folder)?;
        let task = run.key.task.clone();
        if let Some(other) = runs.insert(task.clone(), run) {
            let problem = format!("{} and {} are both of {task}", other.folder.display(), folder.display());
            return Err(Failure::new(INPUT, problem));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(runs)
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
