//! VSR.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("vsr", "VSR", gold::Vsr)],
    tasks: &[&questions::TASK, &questions::ON_COCO256],
};
