//! Questions of before, with their pictures and answers.

use super::effect::Effect;
use super::{picture, turn};
use crate::state::{Past, State, Turn};

/// The visitor goes back to one of them: its picture and its answers are shown again.
pub(super) fn revisit(state: &mut State, index: usize) -> Vec<Effect> {
    let Some(Past { chosen, turn }) = state.history.get(index).cloned() else {
        return Vec::new();
    };
    if state.turn.answering || state.held.is_some() {
        return Vec::new();
    }
    let mut effects = vec![Effect::Fill(turn.question.clone())];
    let number = chosen.number;
    let is_shown = |state: &State| {
        state
            .picture
            .shown
            .as_ref()
            .is_some_and(|shown| shown.chosen.number == number)
    };
    if state.picture.coming.is_none() && is_shown(state) {
        let number = state.turn.number + 1;
        state.turn = Turn { number, ..turn };
        state.said = turn::whole(state);
        effects.push(turn::remember(state));
        return effects;
    }
    effects.push(match chosen.gallery.clone() {
        Some(id) => Effect::Fetch { number, id },
        None => Effect::GiveAgain(number),
    });
    picture::chosen(state, chosen);
    state.restored = Some(turn);
    effects
}
