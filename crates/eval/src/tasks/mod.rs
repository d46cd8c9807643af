//! What is asked: benchmarks and our own tasks, as lists of questions with their pictures and their gold. One file a kind of source, one
//! line a task in [`TASKS`].

mod lists;
mod pictures;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::run::Scorer;
use crate::score::geometry::Transform;
use crate::task;

pub use lists::Tile;
pub use pictures::Pictures;

/// Every task.
pub const TASKS: &[Task] = &[
    lists::task(
        "imagenette",
        "Imagenette, naming 10 classes",
        "exact",
        TEXT,
        &lists::IMAGENETTE,
    ),
    lists::task(
        "tiny-imagenet",
        "Tiny ImageNet, naming 200 classes",
        "exact",
        TEXT,
        &lists::TINY_IMAGENET,
    ),
    lists::task(
        "caltech101",
        "Caltech-101, naming 101 classes",
        "exact",
        TEXT,
        &lists::CALTECH101,
    ),
    lists::task(
        "daquar",
        "DAQUAR, official test questions",
        "exact",
        TEXT,
        &lists::DAQUAR,
    ),
    lists::task(
        "nlvr",
        "NLVR dev and test, by the probabilities of True and False",
        "vsr",
        TRUTH,
        &lists::NLVR,
    ),
    lists::task(
        "mosaic-presence",
        "presence in mosaics, every class as often there as not",
        "pope",
        TEXT,
        &lists::MOSAIC_PRESENCE,
    ),
    lists::task(
        "mosaic-count",
        "counting in mosaics, 1 to 4 equally often",
        "exact",
        TEXT,
        &lists::MOSAIC_COUNT,
    ),
    lists::task(
        "mosaic-relation",
        "left, right, above, below in mosaics, equally often",
        "exact",
        TEXT,
        &lists::MOSAIC_RELATION,
    ),
    lists::task(
        "mosaic-region",
        "naming what a box of a mosaic shows",
        "exact",
        TEXT,
        &lists::MOSAIC_REGION,
    ),
    lists::task(
        "mosaic-ground",
        "grounding in mosaics",
        "refcoco",
        TEXT,
        &lists::MOSAIC_GROUND,
    ),
    lists::task(
        "coco-presence",
        "presence in 128 COCO pictures, balanced per category",
        "pope",
        TEXT,
        &lists::COCO_PRESENCE,
    ),
    lists::task(
        "coco-count",
        "counting in 128 COCO pictures, 1 to 5 equally often",
        "exact",
        TEXT,
        &lists::COCO_COUNT,
    ),
    lists::task(
        "coco-ground",
        "grounding in 128 COCO pictures",
        "refcoco",
        TEXT,
        &lists::COCO_GROUND,
    ),
    lists::task(
        "pope-partial",
        "POPE, the items on 128 COCO pictures",
        "pope",
        TEXT,
        &lists::POPE_PARTIAL,
    ),
    lists::task(
        "vsr-partial",
        "VSR zero-shot, the items on 128 COCO pictures",
        "vsr",
        TRUTH,
        &lists::VSR_PARTIAL,
    ),
    lists::task(
        "sugarcrepe-partial",
        "SugarCrepe, the items on 128 COCO pictures, both orders",
        "choice",
        LETTERS,
        &lists::SUGARCREPE_PARTIAL,
    ),
];

/// What is taken from the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// A written answer, at most so many tokens.
    Text(usize),
    /// Probabilities of these texts' first tokens as the answer's first token, in f32, renormalised over them; without a leading space, since
    /// the answer begins a line in the chat format.
    Choices(&'static [&'static str]),
}

const TEXT: Answers = Answers::Text(32);
const TRUTH: Answers = Answers::Choices(&["True", "False"]);
const LETTERS: Answers = Answers::Choices(&["A", "B"]);

impl fmt::Display for Answers {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Text(tokens) => write!(out, "text, greedy, at most {tokens} tokens"),
            Self::Choices(choices) => write!(
                out,
                "softmax in f32 over the first tokens, without a leading space, of {}",
                choices.join(", ")
            ),
        }
    }
}

/// Where a question's picture comes from; paths are relative to the data folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Picture {
    /// A row of a Parquet file with a column `image` of encoded pictures.
    Row {
        /// The file.
        file: String,
        /// Its row, from 0.
        row: usize,
    },
    /// Rows of a Parquet file, put side by side.
    Mosaic {
        /// The file.
        file: String,
        /// What is shown where.
        tiles: Vec<Tile>,
        /// Width and height, px.
        size: [u32; 2],
    },
    /// A file of its own.
    File {
        /// The file.
        file: String,
    },
}

impl Picture {
    /// The same text for the same picture: bootstrap resamples these.
    pub fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The file that is needed.
    pub fn file(&self) -> &str {
        match self {
            Self::Row { file, .. } | Self::Mosaic { file, .. } | Self::File { file } => file,
        }
    }
}

/// A question with its picture and its gold: a line of `questions.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its id in the task.
    pub id: String,
    /// Its picture.
    pub picture: Picture,
    /// SHA-256 of the picture's file, where the task fixes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// All that the user says.
    pub prompt: String,
    /// Gold fields, as in a self-contained line of `sightline score`.
    pub gold: Map<String, Value>,
}

/// A task of the table.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Its id.
    pub id: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it is.
    pub title: &'static str,
    /// The scoring task (`sightline score --task`) that its answers are scored as.
    pub scored_as: &'static str,
    /// What is taken from the model.
    pub answers: Answers,
    /// Questions.
    pub count: usize,
    /// Hash or name of what is asked: items, prompts and their order.
    pub version: &'static str,
    source: Source,
}

/// Where a task's questions come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A list of the program.
    List(&'static lists::List),
}

/// Why a task cannot be loaded; one sentence.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// No such task.
    #[error("no task `{0}`; `sightline tasks` lists them")]
    Unknown(String),
    /// A file of the data folder.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A choice of questions.
    #[error("{0}")]
    Choice(String),
}

impl TaskError {
    pub(crate) fn file(file: &Path, problem: impl fmt::Display) -> Self {
        Self::File {
            file: file.display().to_string(),
            problem: problem.to_string(),
        }
    }
}

/// Which questions of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// So many from the start are left out.
    pub offset: usize,
    /// At most so many.
    pub limit: Option<usize>,
    /// These only, in the task's order.
    pub ids: Option<Vec<String>>,
}

impl Choice {
    /// Whether every question is asked.
    pub fn is_full(&self) -> bool {
        *self == Self::default()
    }

    fn of(&self, questions: Vec<Question>) -> Result<Vec<Question>, TaskError> {
        let mut chosen = questions;
        if let Some(ids) = &self.ids {
            let there: std::collections::HashSet<&str> = chosen.iter().map(|question| question.id.as_str()).collect();
            if let Some(id) = ids.iter().find(|id| !there.contains(id.as_str())) {
                return Err(TaskError::Choice(format!("the task has no question `{id}`")));
            }
            let wanted: std::collections::HashSet<&String> = ids.iter().collect();
            chosen.retain(|question| wanted.contains(&question.id));
        }
        let limit = self.limit.unwrap_or(usize::MAX);
        let chosen: Vec<Question> = chosen.into_iter().skip(self.offset).take(limit).collect();
        if chosen.is_empty() {
            return Err(TaskError::Choice(
                "no question is left; lower --offset or raise --limit".to_owned(),
            ));
        }
        Ok(chosen)
    }
}

impl Task {
    /// The task with this id or alias.
    pub fn find(id: &str) -> Result<&'static Self, TaskError> {
        let found = TASKS.iter().find(|task| task.id == id || task.aliases.contains(&id));
        found.ok_or_else(|| TaskError::Unknown(id.to_owned()))
    }

    /// Its questions, in its order.
    pub fn questions(&self, data: &Path, choice: &Choice) -> Result<Vec<Question>, TaskError> {
        let questions = match self.source {
            Source::List(list) => list.questions(data)?,
        };
        choice.of(questions)
    }

    /// Files of the data folder that it needs.
    pub fn files(&self) -> Vec<String> {
        match self.source {
            Source::List(list) => list.files(),
        }
    }

    /// What scores its answers. `transform`: that of the model, whose frame boxes are in.
    pub fn scorer(&self, questions: &[Question], transform: &Transform) -> Result<Box<dyn Scorer>, TaskError> {
        scorer(self.scored_as, questions, transform)
    }
}

/// What scores the answers to these questions as a scoring task.
pub fn scorer(scored_as: &str, questions: &[Question], transform: &Transform) -> Result<Box<dyn Scorer>, TaskError> {
    let task = task::Task::find(scored_as).ok_or_else(|| TaskError::Unknown(scored_as.to_owned()))?;
    let golds = questions
        .iter()
        .map(|question| (question.id.clone(), question.gold.clone()));
    task.scorer(golds.collect(), transform)
        .map_err(|error| TaskError::Choice(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_scored() {
        let mut seen = std::collections::HashSet::new();
        for task in TASKS {
            assert!(seen.insert(task.id), "{}", task.id);
            assert!(task.aliases.iter().all(|alias| seen.insert(alias)), "{}", task.id);
            assert!(task::Task::find(task.scored_as).is_some(), "{}", task.id);
        }
    }

    #[test]
    fn choices() {
        let task = Task::find("coco-ground").expect("a task");
        let all = task
            .questions(Path::new("nowhere"), &Choice::default())
            .expect("a list");
        assert_eq!(all.len(), task.count);
        let some = Choice {
            offset: 2,
            limit: Some(3),
            ids: None,
        };
        let some = task.questions(Path::new("nowhere"), &some).expect("some");
        assert_eq!(some, all[2..5]);
        let named = Choice {
            ids: Some(vec!["7".to_owned(), "3".to_owned()]),
            ..Choice::default()
        };
        let named = task.questions(Path::new("nowhere"), &named).expect("some");
        assert_eq!(named.iter().map(|q| q.id.as_str()).collect::<Vec<_>>(), ["3", "7"]);
        let wrong = Choice {
            ids: Some(vec!["x".to_owned()]),
            ..Choice::default()
        };
        assert!(task.questions(Path::new("nowhere"), &wrong).is_err());
        let none = Choice {
            offset: 1000,
            ..Choice::default()
        };
        assert!(task.questions(Path::new("nowhere"), &none).is_err());
    }
}
