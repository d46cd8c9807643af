//! Benchmarks, scored exactly as the field scores them.
//!
//! Scorers follow the official code to the last bit, its quirks included: every one is compared
//! with that code, unmodified, on a golden set that reaches every branch (`tests/goldens/score`),
//! and the set is proved to notice when a branch goes wrong ([`mutant`]).

pub mod aggregate;
pub mod answers;
pub mod benchmarks;
pub mod gold;
pub mod interval;
pub mod literal;
pub mod mutant;
pub mod python;
pub mod rules;
pub mod score;
pub mod scorer;
pub mod scoring;
mod select;
pub mod sources;
pub mod stats;
pub mod summary;
pub mod tasks;
