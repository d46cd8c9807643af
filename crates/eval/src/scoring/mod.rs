//! Answers against gold, whatever the benchmark: what is special about one is its `Scoring`.

pub(crate) mod boxes;
pub(crate) mod bridge;
mod files;
mod join;
mod parts;
mod rule;

pub(crate) use files::run;
pub use files::{Files, Scored};
pub(crate) use parts::by_part;
pub(crate) use rule::{FORK, Origin, QuestionLine, Sample, Scoring, Wanted, item_id, wrong_of_two};
