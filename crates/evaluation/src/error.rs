//! Why an evaluation cannot go on.

use std::fmt;

use sightline_eval::answers::fields::InputError;
use sightline_vlm::VlmError;
use thiserror::Error;

use crate::run::error::RunError;

/// Why an evaluation cannot go on: one sentence each, with the remedy.
#[derive(Debug, Error)]
pub enum EvaluationError {
    /// What was asked for does not go together.
    #[error("{0}")]
    Request(String),
    /// Files of a benchmark that cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Runs that cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// A model that cannot be used.
    #[error(transparent)]
    Model(#[from] VlmError),
    /// A run that cannot go on.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl EvaluationError {
    /// A run that cannot be used, for this reason.
    pub(crate) fn unusable(reason: impl fmt::Display) -> Self {
        Self::Unusable(reason.to_string())
    }
}
