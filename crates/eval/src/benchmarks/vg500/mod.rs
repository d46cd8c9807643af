//! Grounding in photographs of Visual Genome: where the one thing of a name is.

mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[&questions::TASK],
};
