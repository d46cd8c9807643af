//! OCID-Ref.

mod gold;
mod questions;
pub mod rule;

use super::row::{Benchmark, rule};

/// Its row.
pub(crate) static BENCHMARK: Benchmark = Benchmark {
    rules: &[rule!("ocid-ref", "OCID-Ref", gold::OcidRef)],
    tasks: &[&questions::TASK],
};
