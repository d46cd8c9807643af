//! RefCOCO, RefCOCO+ and RefCOCOg.

pub(crate) mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[
        rule!("refcoco", "RefCOCO", gold::RefCoco("RefCOCO")),
        rule!("refcoco+", "RefCOCO+", gold::RefCoco("RefCOCO+")),
        rule!("refcocog", "RefCOCOg", gold::RefCoco("RefCOCOg")),
    ],
    tasks: &[
        &questions::VAL,
        &questions::TEST_A,
        &questions::TEST_B,
        &questions::PLUS_VAL,
        &questions::PLUS_TEST_A,
        &questions::PLUS_TEST_B,
        &questions::G_VAL,
        &questions::G_TEST,
    ],
};
