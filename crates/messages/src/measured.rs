//! What was loaded, and what was measured of it.

use serde::{Deserialize, Serialize};
use sightline_answer::Machine;

/// Models are on the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// From the command to here, ms.
    pub total_ms: f64,
    /// Model ids, each with the time its kernels took to compile and run once, ms.
    pub compile_ms: Vec<(String, f64)>,
    /// Bytes on the device.
    pub device_bytes: u64,
    /// The engine's own memory, bytes: it never shrinks, so this is its peak so far.
    pub heap_bytes: u64,
    /// What computes, after the comparison of dtypes.
    pub machine: Machine,
    /// Lowest cosine of features in 32 bits with those that came with the weights: whether the
    /// device computes rightly. None if the weights hold none.
    #[serde(default)]
    pub check: Option<f64>,
}

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What computed.
    pub machine: Machine,
    /// Its lines.
    pub rows: Vec<Measure>,
}

/// One line of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Model id.
    pub model: String,
    /// What was done.
    pub what: Work,
    /// Median, ms per picture or per token.
    pub median_ms: f64,
    /// Runs.
    pub runs: u32,
    /// Kernel launches per picture or per token; 0 on the CPU.
    pub launches: u32,
    /// Bytes that a picture or a token has to move at least: weights, and the cache for a token.
    pub bytes: u64,
}

/// What a measurement does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Transform, encoder and connector look at a picture.
    Encode,
    /// The language model reads the visual tokens of a picture.
    Prefill,
    /// The language model writes a token.
    Decode,
}
