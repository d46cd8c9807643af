//! What the rules of several benchmarks share: words, rankings, and boxes.

pub mod boxes;
pub mod geometry;
pub mod ranking;
pub(crate) mod words;
