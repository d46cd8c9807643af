//! Answers that came with the page.

use super::effect::Effect;
use super::turn;
use crate::recorded::Recorded;
use crate::say::written;
use crate::state::{Chosen, Pane, Phase, State, Turn};

/// The file of recorded answers is here.
pub(super) fn came(state: &mut State, recorded: Recorded) -> Vec<Effect> {
    state.recorded = Some(recorded);
    let mut effects = first(state);
    effects.extend(feature(state));
    effects
}

/// A picture to begin with: nobody has chosen one yet.
pub(super) fn featured(state: &mut State, chosen: Chosen) -> Vec<Effect> {
    state.featured = Some(chosen);
    feature(state)
}

/// Shows the picture to begin with, once it is known that its answers are these models'.
pub(super) fn feature(state: &mut State) -> Vec<Effect> {
    if state.picture.coming.is_some() || state.picture.shown.is_some() || state.linked.is_some() {
        state.featured = None;
    }
    let known = state.recorded.as_ref().is_some_and(|file| file.is_of(&state.models));
    if !known {
        return Vec::new();
    }
    let Some(chosen) = state.featured.take() else {
        return Vec::new();
    };
    let (number, id) = (chosen.number, chosen.gallery.clone().unwrap_or_default());
    state.picture.coming = Some(chosen);
    vec![Effect::Fetch { number, id }]
}

/// Shows the first recorded answer about the picture that is seen, where nothing was asked yet.
pub(super) fn first(state: &mut State) -> Vec<Effect> {
    if !state.turn.question.is_empty() {
        return Vec::new();
    }
    let found: Vec<Turn> = state
        .suggestions
        .iter()
        .filter_map(|question| find(state, question))
        .collect();
    // Two boxes on the picture show more than two words beside it.
    let draws = |turn: &&Turn| {
        turn.panes
            .iter()
            .all(|pane| pane.answer.as_ref().and_then(written).is_some())
    };
    let best = found.iter().find(draws).or(found.first());
    best.map(|turn| turn.question.clone())
        .map_or_else(Vec::new, |question| show(state, &question))
}

/// What was recorded to this question about the picture that is seen, if the models are not here to
/// be asked.
fn find(state: &State, question: &str) -> Option<Turn> {
    if state.loaded().is_some() || state.turn.answering || state.held.is_some() {
        return None;
    }
    let shown = state
        .picture
        .shown
        .as_ref()
        .filter(|_| state.picture.coming.is_none())?;
    let file = state.recorded.as_ref()?;
    let (asked, answers) = file.find(shown.chosen.gallery.as_ref()?, question, &state.models)?;
    let panes = answers.into_iter().map(|answer| Pane {
        model: answer.model.clone(),
        phase: Phase::Recorded,
        text: answer.text.clone(),
        answer: Some(answer.clone()),
        ..Pane::default()
    });
    Some(Turn {
        question: asked.question.clone(),
        outside: asked.outside_training,
        made: Some(file.made().clone()),
        panes: panes.collect(),
        ..Turn::default()
    })
}

/// Shows it; nothing where there is nothing.
pub(super) fn show(state: &mut State, question: &str) -> Vec<Effect> {
    let Some(found) = find(state, question) else {
        return Vec::new();
    };
    state.turn = Turn {
        number: state.turn.number + 1,
        ..found
    };
    state.said = turn::whole(state);
    vec![Effect::Fill(question.to_owned()), turn::remember(state)]
}
