//! Presence, relations and grounding on mosaics of the page's own pictures. Pictures and questions
//! follow from a seed, so a browser makes them without any further file.

mod make;
mod pictures;
mod questions;

use super::row::Benchmark;

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[],
    tasks: &[&questions::PRESENCE, &questions::RELATION, &questions::GROUND],
};

/// The files that these tasks read, below their data folder: those of `www` in the sources.
pub fn files() -> impl Iterator<Item = String> {
    pictures::PICTURES.iter().map(pictures::Shown::path)
}

/// Ids of these tasks.
pub const TASKS: [&str; 3] = [questions::PRESENCE.id, questions::RELATION.id, questions::GROUND.id];
