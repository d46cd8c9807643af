//! VizWiz.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("vizwiz", "VizWiz", gold::VizWiz)],
    tasks: &[&questions::TASK, &questions::HUB],
};
