//! Visual7W, the telling part: four answers to choose from.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("visual7w", "Visual7W", gold::Visual7w)],
    tasks: &[&questions::TASK, &questions::PHOTOS],
};
