//! Naming the main thing in a picture.

mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[
        &questions::IMAGENETTE,
        &questions::TINY_IMAGENET,
        &questions::CALTECH101,
    ],
};
