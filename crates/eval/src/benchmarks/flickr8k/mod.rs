//! Captions of Flickr8k.

mod gold;
mod questions;
pub mod rule;
pub mod tokens;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!(
        "captions",
        "Captions against references",
        gold::Captions::default()
    )],
    tasks: &[&questions::TASK],
};
