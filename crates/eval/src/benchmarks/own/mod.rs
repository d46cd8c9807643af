//! Rules that several tasks of our own are scored by.

mod choice;
mod exact;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[
        rule!("exact", "Our own tasks with one right answer", exact::Exact),
        rule!("choice", "Our own tasks that ask for A or B", choice::Choice),
        rule!(
            "boxes",
            "Our own tasks that ask for a box",
            super::refcoco::gold::RefCoco("boxes")
        ),
    ],
    tasks: &[],
};
