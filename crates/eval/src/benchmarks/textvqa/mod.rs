//! TextVQA, with OCR tokens in the prompt and without.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[
        rule!("textvqa", "TextVQA", gold::TextVqa),
        rule!("textvqa-ocr", "TextVQA with OCR tokens in the prompt", gold::TextVqa),
    ],
    tasks: &[&questions::PURE, &questions::OCR_TASK, &questions::HUB],
};
