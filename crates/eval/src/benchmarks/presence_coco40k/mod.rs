//! Whether a thing is in a photograph, as often yes as no.

mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[&questions::TASK],
};
