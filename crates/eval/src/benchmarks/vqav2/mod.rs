//! VQAv2.

pub(crate) mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("vqav2", "VQAv2", gold::Vqav2)],
    tasks: &[&questions::TASK, &questions::HUB, &questions::ON_COCO256],
};
