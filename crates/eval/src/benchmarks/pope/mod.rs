//! POPE.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("pope", "POPE", gold::Pope)],
    tasks: &[&questions::TASK, &questions::HUB, &questions::ON_COCO256],
};
