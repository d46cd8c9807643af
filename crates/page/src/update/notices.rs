//! What stops nothing, and is worth knowing.

use crate::state::State;

/// Most notices that stay on the page.
pub(super) const MOST: usize = 6;

/// Shows a notice, once.
pub(super) fn notice(state: &mut State, sentence: String) {
    state.notices.retain(|other| *other != sentence);
    state.notices.push(sentence);
    if state.notices.len() > MOST {
        state.notices.remove(0);
    }
}
