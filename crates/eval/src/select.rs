//! Parts of a task: the paper's subsets, and what `--limit`, `--offset` and `--ids` leave.

use std::collections::{HashMap, HashSet};

use crate::answers::fields::{InputError, Place};
use crate::benchmarks::row::{Folder, Question, Slim, Subset, Task, Together};
use crate::python::random::Random;

/// Seed of the paper's subsets.
const SEED: u32 = 21;

/// About how many questions a slim part of our own tasks has.
const OWN: usize = 256;

/// Which questions.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// The subset; the one that the id names, or all.
    pub subset: Option<Subset>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Without so many at the start.
    pub offset: usize,
    /// These alone, whatever their order.
    pub ids: Option<Vec<String>>,
}

impl Slim {
    /// Leaves the questions of a subset, in the task's order.
    pub(crate) fn take(self, folder: &Folder, subset: Subset, questions: &mut Vec<Question>) -> Result<(), InputError> {
        let task = folder.task;
        let none = || {
            let problem = format!(
                "has no subset `{}`; `sightline tasks` lists them",
                &subset.suffix()[1..]
            );
            InputError::new(&Place::file(task.id), problem)
        };
        if subset == Subset::Full {
            return Ok(());
        }
        if let (Self::Among { slim, together }, Subset::Slim) = (self, subset) {
            let Together { parts, first } = together(folder)?;
            keep(
                questions,
                take(&parts, slim).into_iter().filter_map(|at| at.checked_sub(first)),
            );
            return Ok(());
        }
        let (count, part) = match (self, subset) {
            (Self::Paper { slim, part, .. }, Subset::Slim) => (slim, part),
            (Self::Paper { subsampled, part, .. }, Subset::Subsampled) => (subsampled.ok_or_else(none)?, part),
            (Self::Answers, Subset::Slim) => {
                let answers: HashSet<String> = questions
                    .iter()
                    .map(|question| part_of(question, Some("answer")))
                    .collect();
                // Answers that hardly repeat are no parts.
                match answers.len() {
                    few @ 2..=OWN => ((OWN / few).max(1), Some("answer")),
                    _ => (OWN, None),
                }
            }
            _ => return Err(none()),
        };
        if matches!(self, Self::Paper { .. }) && questions.len() != task.count {
            let problem = format!(
                "{} questions where the official files have {}: subsets are taken from all; get the files again",
                questions.len(),
                task.count
            );
            return Err(InputError::new(&Place::file(task.id), problem));
        }
        let parts: Vec<String> = questions.iter().map(|question| part_of(question, part)).collect();
        keep(questions, take(&parts, count).into_iter());
        Ok(())
    }
}

/// Leaves the questions at some places.
fn keep(questions: &mut Vec<Question>, places: impl Iterator<Item = usize>) {
    let places: HashSet<usize> = places.collect();
    let mut at = 0;
    questions.retain(|_| {
        at += 1;
        places.contains(&(at - 1))
    });
}

fn part_of(question: &Question, field: Option<&str>) -> String {
    let value = field.and_then(|name| question.gold.get(name));
    value.map_or_else(String::new, |value| value.to_string())
}

/// Places of the first `count` items of every part, in the order of Python's generator over all.
fn take(parts: &[String], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    Random::new(SEED).shuffle(&mut order);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    order.retain(|&at| {
        let known = counts.entry(parts[at].as_str()).or_default();
        *known += 1;
        *known <= count
    });
    order
}

impl Select {
    /// Leaves the questions that are named by id, place and number.
    pub(crate) fn narrow(&self, task: &Task, questions: &mut Vec<Question>) -> Result<(), InputError> {
        let wrong = |problem: String| Err(InputError::new(&Place::file(task.id), problem));
        if let Some(ids) = &self.ids {
            let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
            let known: HashSet<&str> = questions.iter().map(|question| question.id.as_str()).collect();
            if let Some(unknown) = ids.iter().find(|id| !known.contains(id.as_str())) {
                return wrong(format!(
                    "no question has the id `{unknown}`; ids are those of samples.jsonl"
                ));
            }
            questions.retain(|question| wanted.contains(question.id.as_str()));
        }
        let count = questions.len();
        questions.drain(..self.offset.min(count));
        questions.truncate(self.limit.unwrap_or(usize::MAX));
        if questions.is_empty() {
            return wrong(format!(
                "no question is left of {count}; take a smaller --offset or a larger --limit"
            ));
        }
        Ok(())
    }
}
