//! After a lost device: another engine follows by itself, and the question goes on.

use sightline_messages::Wish;

use super::notices::notice;
use crate::state::{Pane, State};

/// So many losses without an answer between them, and the processor computes.
const LOSSES: u32 = 3;

/// Whether another engine has all that it needs without the visitor: what was downloaded is kept,
/// or nothing was. The processor cannot be lost; what is called so there has another cause.
pub(super) fn possible(state: &State) -> bool {
    let empty = state.loaded().is_none() && !state.is_loading();
    !state.on_processor() && (empty || state.keeps())
}

/// Says that another engine follows, on the processor if the GPU is lost again and again.
pub(super) fn begin(state: &mut State, sentence: &str) {
    state.losses += 1;
    let further = if state.losses < LOSSES {
        "The page goes on by itself."
    } else {
        state.wish = Wish::Cpu;
        "It was lost three times in a row, so your processor goes on."
    };
    notice(state, format!("{sentence} {further}"));
}

/// What the models had said stays to be read until they have said more.
pub(super) fn said_before(panes: &mut [Pane], before: Vec<Pane>) {
    for old in before.into_iter().filter(|old| !old.text.is_empty()) {
        if let Some(pane) = panes.iter_mut().find(|pane| pane.model == old.model) {
            (pane.text, pane.again) = (old.text, Some(String::new()));
        }
    }
}

/// A piece of an answer. One that is given again replaces the earlier one where it has more, or
/// something else.
pub(super) fn append(pane: &mut Pane, piece: &str) {
    let Some(mut again) = pane.again.take() else {
        pane.text += piece;
        return;
    };
    again += piece;
    if again.len() < pane.text.len() && pane.text.starts_with(&again) {
        pane.again = Some(again);
    } else {
        pane.text = again;
    }
}
