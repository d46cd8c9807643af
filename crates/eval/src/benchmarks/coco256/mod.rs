//! Presence, counting and grounding on the pictures of COCO at hand.

mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[&questions::PRESENCE, &questions::COUNT, &questions::GROUND],
};
