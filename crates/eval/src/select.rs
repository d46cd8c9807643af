//! Parts of a task: the paper's subsets, and what `--limit`, `--offset` and `--ids` leave.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::answers::fields::{InputError, Place};
use crate::benchmarks::row::{Folder, Question, Slim, Subset, Task, Together};
use crate::python::random::Random;
use crate::stats::{SEED as SEED_OF_DRAWS, split_mix};

/// Seed of the paper's subsets.
const SEED: u32 = 21;

/// About how many questions a slim part of our own tasks has.
const OWN: usize = 256;

/// Which questions.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// The subset; the one that the id names, or all.
    pub subset: Option<Subset>,
    /// At most so many: drawn from all, or behind `offset` the next ones.
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

/// Fields of gold that questions are drawn by: the parts of a task, and what is right.
const STRATA: [&[&str]; 2] = [
    &["setting", "clutter", "answer_type", "part"],
    &["answer", "label", "choice"],
];

/// An order in which the first questions, however many, stand for all: of every part and answer as
/// large a share as of any other, drawn by [`crate::stats::SEED`]. And which it is, in words.
pub(crate) fn stratify(questions: &mut Vec<Question>) -> String {
    let field = |question: &Question, names: &[&'static str]| {
        let known = names.iter().find(|name| question.gold.contains_key(**name));
        known.map(|name| (*name, question.gold[*name].to_string()))
    };
    let of = |question: &Question, count: usize| -> Vec<(&'static str, String)> {
        STRATA[..count]
            .iter()
            .filter_map(|names| field(question, names))
            .collect()
    };
    // What hardly repeats is no part.
    let repeats = |count: usize| {
        let kinds: HashSet<_> = questions.iter().map(|question| of(question, count)).collect();
        kinds.len() * 2 <= questions.len()
    };
    let count = (0..=STRATA.len()).rev().find(|count| repeats(*count)).unwrap_or(0);
    let drawn: Vec<u64> = (0..questions.len())
        .map(|at| split_mix(SEED_OF_DRAWS, at as u64))
        .collect();
    let mut strata: BTreeMap<Vec<(&'static str, String)>, Vec<usize>> = BTreeMap::new();
    for (at, question) in questions.iter().enumerate() {
        strata.entry(of(question, count)).or_default().push(at);
    }
    let names: BTreeSet<&'static str> = strata.keys().flatten().map(|(name, _)| *name).collect();
    let mut places = vec![0.0; questions.len()];
    for stratum in strata.values_mut() {
        stratum.sort_by_key(|at| drawn[*at]);
        for (rank, at) in stratum.iter().enumerate() {
            places[*at] = (rank as f64 + 0.5) / stratum.len() as f64;
        }
    }
    let mut order: Vec<usize> = (0..questions.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]).then(drawn[a].cmp(&drawn[b])));
    let mut all: Vec<Option<Question>> = std::mem::take(questions).into_iter().map(Some).collect();
    questions.extend(order.into_iter().filter_map(|at| all[at].take()));
    let by = match names.is_empty() {
        true => String::new(),
        false => format!(" by {}", names.into_iter().collect::<Vec<_>>().join(" and ")),
    };
    format!("stratified/1{by}, seed {SEED_OF_DRAWS}")
}

/// Most characters of an id that an error shows.
const SHOWN: usize = 80;

impl Select {
    /// Whether the limit draws from all of a task. Behind `--offset` it takes what follows.
    pub(crate) fn draws(&self) -> bool {
        self.limit.is_some() && self.offset == 0
    }

    /// Leaves the questions that are named by id, place and number.
    pub(crate) fn narrow(&self, task: &Task, questions: &mut Vec<Question>) -> Result<(), InputError> {
        let wrong = |problem: String| Err(InputError::new(&Place::file(task.id), problem));
        if let Some(ids) = &self.ids {
            let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
            let known: HashSet<&str> = questions.iter().map(|question| question.id.as_str()).collect();
            if let Some(unknown) = ids.iter().find(|id| !known.contains(id.as_str())) {
                // A file of something else may be one line of megabytes.
                let shown: String = unknown.chars().take(SHOWN).collect();
                let more = if shown.len() < unknown.len() { "..." } else { "" };
                return wrong(format!(
                    "no question has the id `{shown}{more}`; ids are those of samples.jsonl"
                ));
            }
            questions.retain(|question| wanted.contains(question.id.as_str()));
        }
        let count = questions.len();
        questions.drain(..self.offset.min(count));
        if !self.draws() {
            questions.truncate(self.limit.unwrap_or(usize::MAX));
        }
        if self.limit == Some(0) {
            questions.clear();
        }
        if questions.is_empty() {
            return wrong(format!(
                "no question is left of {count}; take a smaller --offset or a larger --limit"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::benchmarks::row::gold;
    use crate::sources::image::Image;

    fn questions(answers: impl Iterator<Item = String>) -> Vec<Question> {
        let question = |(at, answer): (usize, String)| Question {
            id: at.to_string(),
            image: Image::File(Default::default()),
            image_key: at.to_string(),
            image_sha256: None,
            options: Vec::new(),
            prompt: String::new(),
            gold: gold(json!({ "answer": answer })),
        };
        answers.enumerate().map(question).collect()
    }

    #[test]
    fn the_first_questions_stand_for_all() {
        // Sorted by class, of which one is twice as large.
        let sorted = || questions((0..110).map(|at| format!("class {}", (at / 10).min(9))));
        let mut drawn = sorted();
        assert_eq!(stratify(&mut drawn), "stratified/1 by answer, seed 21");
        let count = |first: usize, answer: &str| {
            let is = |question: &&Question| question.gold["answer"] == answer;
            drawn[..first].iter().filter(is).count()
        };
        for first in [11, 22, 55, 110] {
            for class in 0..9 {
                assert_eq!(count(first, &format!("class {class}")), first / 11);
            }
            assert_eq!(count(first, "class 9"), 2 * first / 11);
        }
        let mut ids: Vec<usize> = drawn.iter().map(|question| question.id.parse().unwrap()).collect();
        let mut again = sorted();
        stratify(&mut again);
        assert!(drawn.iter().zip(&again).all(|(one, other)| one.id == other.id));
        assert!(!ids.is_sorted());
        ids.sort_unstable();
        assert_eq!(ids, (0..110).collect::<Vec<_>>());
    }

    #[test]
    fn answers_that_hardly_repeat_are_no_parts() {
        let mut drawn = questions((0..20).map(|at| at.to_string()));
        assert_eq!(stratify(&mut drawn), "stratified/1, seed 21");
    }
}
