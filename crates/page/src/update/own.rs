//! Models other than the page's own take over, or give way.

use sightline_messages::Models;

use super::effect::Effect;
use super::engine;
use super::notices::notice;
use crate::own::{Foreign, Own, OwnInput};
use crate::state::State;

/// The visitor chooses models.
pub(super) fn choose(state: &mut State, input: OwnInput) -> Vec<Effect> {
    let own = match input {
        OwnInput::NamedElsewhere(foreign) => {
            state.own.foreign = Some(foreign);
            return Vec::new();
        }
        OwnInput::Unusable(sentence) => {
            notice(state, sentence);
            return Vec::new();
        }
        OwnInput::Named(address) => Own {
            models: Models::Address,
            address,
            ..Own::default()
        },
        OwnInput::Agree => match state.own.foreign.take() {
            None => return Vec::new(),
            Some(Foreign { address, host }) => Own {
                models: Models::Address,
                address,
                host,
                foreign: None,
            },
        },
        OwnInput::Opened { name, paths } => Own {
            models: Models::Folder { name, paths },
            ..Own::default()
        },
        OwnInput::Page if !state.own.is_other() => return Vec::new(),
        OwnInput::Page => Own::default(),
    };
    state.own = own;
    if state.engines == 0 {
        // The page opens: its first engine has not started.
        return Vec::new();
    }
    let effects = engine::start(state);
    // Other models have said nothing, and are not loaded unasked.
    state.resume = None;
    effects
}
