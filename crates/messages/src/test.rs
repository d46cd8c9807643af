use serde::{Deserialize, Serialize};

/// One message from a test run, in the order in which things happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TestEvent {
    /// The device is open and the cases are known.
    Started {
        /// [`crate::VERSION`] of the sender.
        version: u32,
        /// The adapter's own name and interface.
        adapter: String,
        /// Number of cases that follow.
        cases: u32,
    },
    /// One case ended.
    Case {
        /// `group::operation/shape`.
        name: String,
        /// How it ended.
        outcome: Outcome,
        /// What was found: the worst error, a time, a reason.
        detail: String,
        /// Wall time in milliseconds, compilation of its kernels included.
        ms: f64,
    },
    /// Every case was reported.
    Finished,
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Within its tolerance.
    Passed,
    /// Outside its tolerance, or an error.
    Failed,
    /// Not run; the detail says why.
    Skipped,
}
