//! W-VQA, W-Loc and Overall: the paper's weighted scores, reconstructed.
//!
//! No source says how they are formed. Weighting each benchmark's score by its number of questions
//! reproduces the eight released rows: `Overall` follows from their `W-VQA` and `W-Loc` within
//! rounding, and neighbouring sets of benchmarks do not (with VSR, with TextVQA once, without
//! POPE). So every output says [`LABEL`], and there is no number unless every member ran in full.

use std::fmt;

use crate::mutant::branch;

/// What must stand beside every aggregate.
pub const LABEL: &str = "reconstructed";

/// A benchmark of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Id of the task.
    pub task: &'static str,
    /// Questions in full, which is also its weight.
    pub count: usize,
}

const fn member(task: &'static str, count: usize) -> Member {
    Member { task, count }
}

/// Members of W-VQA.
pub const VQA: [Member; 7] = [
    member("vqav2", 214_354),
    member("gqa", 12_578),
    member("vizwiz", 4_319),
    member("textvqa-ocr", 5_000),
    member("textvqa", 5_000),
    member("pope", 8_910),
    member("tallyqa", 38_589),
];

/// Members of W-Loc. The sum of the three RefCOCO counts is the fork's, their split that of the
/// data sets.
pub const LOC: [Member; 4] = [
    member("refcoco", 10_834),
    member("refcoco+", 10_758),
    member("refcocog", 4_896),
    member("ocid-ref", 18_342),
];

/// What a run has of one task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskScore<'a> {
    /// Id of the task.
    pub task: &'a str,
    /// Its headline number, in percent.
    pub score: f64,
    /// Questions that were answered.
    pub count: usize,
}

/// An aggregate, or how much of it there is. Shown as `62.39` or `n/a, 4 of 7`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// Every member ran in full.
    Full(f64),
    /// Some members are missing or ran in part.
    Partial {
        /// Members that ran in full.
        have: usize,
        /// All members.
        of: usize,
    },
}

impl Aggregate {
    /// The aggregate over some members.
    pub fn over(members: &[Member], scores: &[TaskScore]) -> Self {
        let full = |member: &Member| {
            let score = scores.iter().find(|score| score.task == member.task)?;
            branch!("aggregate.in_full", score.count == member.count, true)
                .then_some((score.score, member.count as f64))
        };
        let found: Vec<(f64, f64)> = members.iter().filter_map(full).collect();
        if branch!("aggregate.every_member", found.len() < members.len(), found.is_empty()) {
            return Self::Partial {
                have: found.len(),
                of: members.len(),
            };
        }
        let weight: f64 = found.iter().map(|(_, count)| count).sum();
        Self::Full(found.iter().map(|(score, count)| score * count).sum::<f64>() / weight)
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Full(score) => write!(out, "{score:.2}"),
            Self::Partial { have, of } => write!(out, "n/a, {have} of {of}"),
        }
    }
}

/// The three aggregates of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregates {
    /// Over [`VQA`].
    pub vqa: Aggregate,
    /// Over [`LOC`].
    pub loc: Aggregate,
    /// Over both.
    pub overall: Aggregate,
}

impl Aggregates {
    /// Aggregates of a run's scores.
    pub fn of(scores: &[TaskScore]) -> Self {
        Self {
            vqa: Aggregate::over(&VQA, scores),
            loc: Aggregate::over(&LOC, scores),
            overall: Aggregate::over(&[VQA.as_slice(), LOC.as_slice()].concat(), scores),
        }
    }
}
