//! Encoders over picture sizes: what the page asks for, and what it is told.

use serde::{Deserialize, Serialize};
use sightline_answer::Machine;

use crate::measure::{Loaded, Measure};
use crate::outside::kind_outside;

/// Picture sides that can be measured, px.
pub const SIDES: [u32; 5] = [224, 448, 672, 896, 1344];

/// What the page asks for in [`crate::Command::Sweep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SweepCommand {
    /// How long it would take. Answered by [`SweepEvent::Estimates`].
    Estimate,
    /// Measures every encoder at the first sizes of [`SIDES`]. It needs no downloaded model.
    Run {
        /// Largest side, px.
        most: u32,
        /// Timed runs of each, after warm-up.
        runs: u32,
        /// Seconds after which one case takes no more runs.
        case_s: u32,
    },
    /// Ends a run after the pass that is under way. It overtakes.
    Stop,
}

kind_outside! {
    /// What the engine says in [`crate::Event::Sweep`].
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "what", rename_all = "snake_case")]
    pub enum SweepEvent as "SweepEvent" {
        /// Seconds that a run up to each of [`SIDES`] would take, roughly.
        Estimates {
            /// As many as [`SIDES`].
            seconds: Vec<f64>,
            /// How the selective scan runs here, and why so: a sentence.
            scan: String,
        },
        /// A case begins.
        Running {
            /// The case for people.
            name: String,
            /// Number of cases before it.
            done: u32,
            /// Number of cases.
            all: u32,
            /// Seconds that are left, roughly.
            left_s: f64,
        },
        /// A case was measured.
        Measured {
            /// Its numbers.
            point: SweepPoint,
            /// Exponents so far, one per encoder and width of products.
            fits: Vec<Fit>,
        },
        /// A case could not be measured.
        Skipped {
            /// Why, in a sentence that names the case.
            sentence: String,
        },
        /// No more comes.
        Done {
            /// The visitor ended it.
            stopped: bool,
        },
    }
}

/// One encoder at one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPoint {
    /// Id of the model whose encoder has this shape.
    pub model: String,
    /// Side of the picture, px.
    pub side: u32,
    /// Whether products are 16 bits wide.
    pub half: bool,
    /// Number of visual tokens.
    pub tokens: u32,
    /// First pass, ms: kernels are compiled and recorded.
    pub first_ms: f64,
    /// Median of the passes after warm-up, ms.
    pub median_ms: f64,
    /// Shortest of them, ms.
    pub least_ms: f64,
    /// Number of them.
    pub runs: u32,
    /// A pass by the device's own clock, without the recording, ms.
    pub own_ms: Option<f64>,
    /// Kernel launches; 0 on the CPU.
    pub launches: u32,
    /// Bytes on the device: weights and scratch memory.
    pub bytes: u64,
}

/// How the time of an encoder grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Id of the model.
    pub model: String,
    /// Whether products are 16 bits wide.
    pub half: bool,
    /// `b` in `time = a * tokens ^ b`, by least squares over logarithms.
    pub exponent: f64,
}

/// What the page exports: everything that was measured on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Says what the file is.
    pub kind: ExportKind,
    /// Changes when a field changes its meaning.
    pub version: u32,
    /// Version of the page and its engine.
    pub sightline: String,
    /// When it was measured: UTC, `YYYY-MM-DD`.
    pub date: String,
    /// What the browser calls itself.
    pub browser: String,
    /// What computed.
    pub machine: Machine,
    /// How the selective scan ran.
    pub scan: String,
    /// The models on their way, if they were loaded.
    pub loaded: Option<Loaded>,
    /// How they came, if they were loaded.
    #[serde(default)]
    pub download: Option<Download>,
    /// Models at their own size: pictures, prefill, tokens.
    pub rows: Vec<Measure>,
    /// Encoders over picture sizes.
    pub points: Vec<SweepPoint>,
    /// How their times grow.
    pub fits: Vec<Fit>,
    /// What was not measured, and why.
    pub skipped: Vec<String>,
}

/// How the models came to the browser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Download {
    /// Fetching, checking hashes and reading what was kept, ms.
    pub ms: f64,
    /// Bytes that came over the network.
    pub bytes: u64,
    /// Bytes that this browser had kept of earlier visits.
    pub kept: u64,
}

/// The `kind` of an [`Export`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportKind {
    /// A measurement of a device.
    #[default]
    #[serde(rename = "sightline-device")]
    Device,
}

impl Export {
    /// The version that is written.
    pub const VERSION: u32 = 1;
}
