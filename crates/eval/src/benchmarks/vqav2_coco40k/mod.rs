//! VQAv2 on the photographs at hand: the official rules, and what is asked about most by itself.

mod gold;
mod questions;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!(
        "vqav2-coco40k",
        "VQAv2, partial: photographs at hand",
        gold::Sliced
    )],
    tasks: &[&questions::TASK],
};
