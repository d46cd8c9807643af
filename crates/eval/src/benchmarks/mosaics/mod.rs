//! Presence, relations, counting and grounding on mosaics.

mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[
        &questions::PRESENCE,
        &questions::RELATION,
        &questions::COUNT,
        &questions::GROUND,
    ],
};
