//! Tasks with their questions: what a model is run on, and what scores its run.

use std::collections::HashSet;

pub use crate::benchmarks::TASKS;
pub use crate::benchmarks::facts::TaskFacts;
pub use crate::benchmarks::row::{Exposure, Question, Subset, Task};
pub use crate::select::Select;
pub use crate::sources::data::DataPath;
pub use crate::sources::error::ImageError;
pub use crate::sources::image::Image;

use crate::aggregate::Member;
use crate::answers::fields::{InputError, Place};
use crate::benchmarks::row::{Folder, Rule};
use crate::interval::{Group, WithInterval};
use crate::rules::geometry::Transform;
use crate::scorer::Scorer;
use crate::scoring::bridge::Items;
use crate::select;

/// How a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In words.
    Text,
    /// By the probabilities of these at the first token of the answer.
    Choices(Vec<String>),
    /// By how probable each of a question's own options is as a whole; every question has so many.
    Options(usize),
}

impl Mode {
    /// Of a task with these choices and questions.
    pub fn of(choices: Vec<String>, questions: &[Question]) -> Self {
        let options = questions.first().map_or(0, |question| question.options.len());
        match (choices.is_empty(), options) {
            (false, _) => Self::Choices(choices),
            (true, 0) => Self::Text,
            (true, count) => Self::Options(count),
        }
    }
}

/// A task with its questions.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Id of the task, with its subset.
    pub id: String,
    /// Its version: a number, and the hash of the list where it is frozen.
    pub version: String,
    /// The member of the aggregates that it is, if it is loaded in full.
    pub aggregate: Option<Member>,
    /// Scorer, by its id in [`crate::benchmarks::RULES`].
    pub scored_as: &'static str,
    /// How a model answers.
    pub mode: Mode,
    /// How the model sees pictures, which decides the frame that boxes are compared in. At first
    /// `letterbox`, as the shipped models have it; to be set to the model's own.
    pub transform: Transform,
    /// How the questions were brought into their order; none for the task's own.
    pub order: Option<String>,
    /// How many of them are asked, from the start; none for all.
    pub limit: Option<usize>,
    /// Questions.
    pub questions: Vec<Question>,
}

impl Loaded {
    /// Brings the questions into an order in which the first ones, however many, stand for all.
    pub fn stratify(&mut self) {
        if self.order.is_none() {
            self.order = Some(select::stratify(&mut self.questions));
        }
    }

    /// The same with those questions alone that are asked.
    pub fn asked(&self) -> Self {
        let mut asked = self.clone();
        asked.questions.truncate(self.limit.unwrap_or(usize::MAX));
        asked.limit = None;
        asked
    }
}

/// Loads a task: its questions in the task's order, or the selected ones of them. `data` is the
/// folder with the benchmarks' files, such as a path of this machine.
///
/// # Errors
/// A task that is not known, files that are missing or cannot be used, or a selection that leaves
/// nothing.
pub fn load(id: &str, data: impl Into<DataPath>, select: &Select) -> Result<Loaded, InputError> {
    let unknown = || InputError::new(&Place::file(id), "no such task; `sightline tasks` lists them");
    let (task, named) = Task::find(id).ok_or_else(unknown)?;
    let subset = select.subset.or(named).unwrap_or(Subset::Full);
    let root = data.into();
    let folder = Folder { root: &root, task };
    let mut questions = (task.questions)(&folder)?;
    if questions.is_empty() {
        let problem = format!(
            "no questions in {}; are they the right files?",
            task.files.join(" and ")
        );
        return Err(InputError::new(&Place::file(task.id), problem));
    }
    check(task, &questions)?;
    let whole = questions.len() == task.count;
    task.slim.take(&folder, subset, &mut questions)?;
    let full = questions.len();
    select.narrow(task, &mut questions)?;
    let draws = select.draws();
    let limit = select.limit.filter(|limit| draws && *limit < questions.len());
    let mut loaded = Loaded {
        id: match subset {
            Subset::Full => task.id.to_owned(),
            part => format!("{}{}", task.id, part.suffix()),
        },
        version: task.full_version(),
        aggregate: task
            .member()
            .filter(|_| subset == Subset::Full && whole && limit.is_none() && questions.len() == full),
        scored_as: task.scored_as,
        mode: Mode::of(
            task.choices.iter().map(|choice| (*choice).to_owned()).collect(),
            &questions,
        ),
        transform: Transform {
            policy: Some("letterbox".to_owned()),
            target_resolution: None,
        },
        order: None,
        limit,
        questions,
    };
    if draws {
        loaded.stratify();
    }
    // Gold that cannot be scored is to be found before a model runs, not after.
    scorer(&loaded)?;
    Ok(loaded)
}

/// The scorer of a task's runs.
///
/// # Errors
/// Gold that the rule cannot read.
pub fn scorer(loaded: &Loaded) -> Result<Box<dyn Scorer>, InputError> {
    let unknown = || InputError::new(&Place::file(&loaded.id), format!("no scorer `{}`", loaded.scored_as));
    let rule = Rule::find(loaded.scored_as).ok_or_else(unknown)?;
    let gold = loaded
        .questions
        .iter()
        .map(|question| (question.id.as_str(), &question.gold));
    let inner = (rule.bridge)(&Items {
        task: &loaded.id,
        gold: gold.collect(),
        transform: &loaded.transform,
    })?;
    let group = |question: &Question| (question.id.clone(), Group::of(question));
    Ok(Box::new(WithInterval {
        inner,
        groups: loaded.questions.iter().map(group).collect(),
    }))
}

/// Whether no id stands for two questions, and all have as many options.
fn check(task: &Task, questions: &[Question]) -> Result<(), InputError> {
    let mut known = HashSet::new();
    let refused = |problem: String| Err(InputError::new(&Place::file(task.id), problem));
    if let Some(twice) = questions.iter().find(|question| !known.insert(question.id.as_str())) {
        return refused(format!(
            "the id `{}` stands for two questions; is a file there twice?",
            twice.id
        ));
    }
    let count = |question: &Question| question.options.len();
    let wanted = questions.first().map_or(0, count);
    match questions.iter().find(|question| count(question) != wanted) {
        None => Ok(()),
        Some(other) => refused(format!(
            "question `{}` has {} options where others have {wanted}; is the file whole?",
            other.id,
            count(other)
        )),
    }
}
