//! TallyQA.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("tallyqa", "TallyQA", gold::TallyQa)],
    tasks: &[&questions::TASK],
};
