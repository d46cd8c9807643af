//! What a device needed: to load the models, and for what they do again and again.

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

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What computed.
    pub machine: Machine,
    /// Its lines.
    pub rows: Vec<Measure>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page may be older or newer than its engine: the words of a row stay.
    #[test]
    fn a_row_of_a_measurement_names_its_work() {
        let row = |what| Measure {
            model: "m".into(),
            what,
            median_ms: 1.5,
            runs: 2,
            launches: 3,
            bytes: 4,
        };
        let json =
            |word: &str| format!(r#"{{"model":"m","what":"{word}","median_ms":1.5,"runs":2,"launches":3,"bytes":4}}"#);
        for (work, word) in [
            (Work::Encode, "encode"),
            (Work::Prefill, "prefill"),
            (Work::Decode, "decode"),
        ] {
            assert_eq!(serde_json::to_string(&row(work)).unwrap_or_default(), json(word));
        }
    }
}
