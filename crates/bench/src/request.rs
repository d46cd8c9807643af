//! What is asked of a measurement, who hears of it, and why there may be none.

use sightline_kernels::KernelError;
use thiserror::Error;

use crate::report::Report;

/// Why there are no numbers.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The device failed before any case.
    #[error(transparent)]
    Device(#[from] KernelError),
    /// No case was asked for.
    #[error("no case has one of these texts in its name: {0}; `sightline bench` without --filter shows the names")]
    NoCase(String),
}

/// A part of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Part {
    /// Every kernel at the shapes of the shipped pair and of the language model.
    Kernels,
    /// Whole encoders.
    Encoder,
    /// The language model over 256 tokens.
    Prefill,
    /// The language model, token by token.
    Decode,
    /// What a launch costs.
    Launch,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Request {
    /// Parts, in their order.
    pub parts: Vec<Part>,
    /// Only cases whose names hold one of these texts; all where there is none.
    pub filter: Vec<String>,
    /// Number of timed samples per case.
    pub runs: usize,
    /// Small sizes only, for tests.
    pub quick: bool,
    /// The device's name for people.
    pub name: String,
}

/// What hears how far it is.
pub trait Listener {
    /// Something begins to be measured.
    fn begins(&self, what: &str);
    /// It is measured, or could not be.
    fn ended(&self);
    /// What was measured so far.
    fn measured(&self, report: &Report);
}
