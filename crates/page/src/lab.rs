//! What the second module adds: the pages that measure and evaluate. Their state and update stand
//! here, so that a visitor who only asks does not load them. Their views are in `views`.
//!
//! [`update`] hears of everything before the state of all pages changes. It may do something of its
//! own about it.

pub(crate) mod evaluating;
pub(crate) mod measuring;

use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::update::{self, Effect};
use evaluating::Evaluating;
use measuring::Measuring;

/// What only the pages of the second module know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lab {
    /// Of `bench.html`.
    pub(crate) measuring: Measuring,
    /// Of `evaluate.html`.
    pub(crate) evaluating: Evaluating,
}

/// What can happen on them alone.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The button of `bench.html`.
    Measure,
    /// Something of `evaluate.html`.
    Evaluate(evaluating::Input),
}

/// Changes what only these pages know. `state` is as it was before the input; models may be asked
/// for in it.
pub(crate) fn update(lab: &mut Lab, state: &mut State, input: &update::Input) -> Vec<Effect> {
    let mut effects = measuring::update(&mut lab.measuring, state, input);
    effects.extend(evaluating::update(&mut lab.evaluating, state, input));
    effects
}
