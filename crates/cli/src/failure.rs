//! Exit codes. Every failure is one sentence on stderr.

use std::fmt;

use sightline_evaluation::EvaluationError;
pub(crate) use sightline_evaluation::run::UNREADABLE;

/// Why the program ends with something else than 0.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The process's exit code.
    pub code: u8,
    message: String,
}

/// Something failed while running.
pub(crate) const RUNNING: u8 = 1;
/// Wrong arguments; clap's own code.
pub(crate) const USAGE: u8 = 2;
/// A picture, question or file of answers that cannot be used.
pub(crate) const INPUT: u8 = 3;
/// Weights or language model missing or damaged.
pub(crate) const WEIGHTS: u8 = 4;
/// The device asked for is not there.
pub(crate) const DEVICE: u8 = 5;

/// All exit codes, for `--help`. [`UNREADABLE`] is the last.
pub(crate) const CODES: [(u8, &str); 7] = [
    (0, "all done"),
    (RUNNING, "something failed while running"),
    (USAGE, "wrong arguments"),
    (
        INPUT,
        "a picture, question, page or file of answers that cannot be used",
    ),
    (WEIGHTS, "weights or language model missing or damaged"),
    (DEVICE, "the device asked for is not there"),
    (
        UNREADABLE,
        "finished, but some pictures or questions could not be used (eval, ask --batch)",
    ),
];

impl Failure {
    /// A failure with this code; `message` is a sentence that names the remedy.
    pub(crate) fn new(code: u8, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        let code = match &error {
            EvaluationError::Request(_) => USAGE,
            EvaluationError::Input(_) | EvaluationError::Unusable(_) => INPUT,
            EvaluationError::Model(_) => WEIGHTS,
            EvaluationError::Run(_) => RUNNING,
        };
        Self::new(code, error)
    }
}

/// Gives an error its exit code.
pub(crate) trait OrFail<T> {
    /// The value, or a failure with this code.
    fn or_fail(self, code: u8) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, code: u8) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(code, error))
    }
}
