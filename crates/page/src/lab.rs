//! What the second module adds: the pages that measure and evaluate. Their state and update stand
//! here, so that a visitor who only asks does not load them. Their views are in `views`.
//!
//! [`update()`] hears of everything before the state of all pages changes. It may do something of
//! its own about it.

pub(crate) mod coming;
pub(crate) mod evaluating;
pub(crate) mod export;
pub(crate) mod input;
pub(crate) mod measuring;
pub(crate) mod plot;
pub(crate) mod sweeping;

use serde::{Deserialize, Serialize};
use sightline_messages::Download;

use crate::state::State;
use crate::update::{self, Effect};
use evaluating::Evaluating;
use measuring::Measuring;
use sweeping::Sweeping;

/// What only the pages of the second module know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lab {
    /// Of `bench.html`.
    pub(crate) measuring: Measuring,
    /// Of the same page: how the models came, once they are here.
    pub(crate) download: Option<Download>,
    /// Of the same page: encoders over picture sizes.
    pub(crate) sweeping: Sweeping,
    /// Of `evaluate.html`.
    pub(crate) evaluating: Evaluating,
}

/// Changes what only these pages know. `state` is as it was before the input; models may be asked
/// for in it.
pub(crate) fn update(lab: &mut Lab, state: &mut State, input: &update::Input) -> Vec<Effect> {
    coming::update(&mut lab.download, state, input);
    let mut effects = measuring::update(&mut lab.measuring, state, input);
    effects.extend(sweeping::update(&mut lab.sweeping, state, input));
    effects.extend(evaluating::update(&mut lab.evaluating, state, input));
    effects
}

#[cfg(test)]
mod tests {
    use sightline_messages::{Backend, Dtype, Machine};

    /// A processor that measures.
    pub(super) fn machine() -> Machine {
        Machine {
            backend: Backend::Cpu,
            adapter: "processor".into(),
            software: false,
            dtype: Dtype::F32,
            why: None,
            other: None,
            patience_s: None,
        }
    }
}
