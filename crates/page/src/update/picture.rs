//! The picture that questions are about, and the one that comes.

use sightline_messages::{Command, Kind, Preview};

use super::effect::Effect;
use super::look;
use super::recorded;
use super::turn::{ask, ended, panes, remember};
use crate::state::{Chosen, Linked, Phase, Picture, Saved, Shown, State, Turn};

/// Whether this picture was chosen and is not decoded yet.
pub(super) fn is_coming(picture: &Picture, number: u32) -> bool {
    picture.coming.as_ref().is_some_and(|coming| coming.number == number)
}

/// A question of before the last engine's end is not asked about another picture.
fn give_up_question(state: &mut State) {
    if let Some(resume) = &mut state.resume {
        resume.question = None;
    }
}

/// Another picture was chosen: what waited for the one before is given up.
pub(super) fn chosen(state: &mut State, chosen: Chosen) {
    state.restored = None;
    state.featured = None;
    give_up_question(state);
    state.picture_note.clear();
    state.picture.coming = Some(chosen);
}

/// The gallery's name and questions for a picture that comes.
pub(super) fn listed(state: &mut State, listed: Chosen) {
    if let Some(coming) = &mut state.picture.coming
        && coming.number == listed.number
    {
        *coming = listed;
    }
}

/// The file of a picture is here. It goes to the engine, unless another one was chosen meanwhile.
pub(super) fn arrived(state: &mut State, number: u32, bytes: Vec<u8>) -> Vec<Effect> {
    match &state.picture.coming {
        Some(coming) if coming.number == number => {
            let own = coming.gallery.is_none();
            let mut effects = vec![Effect::Give { number, bytes }];
            if own && state.linked.as_ref().is_some_and(Linked::seeks) {
                effects.push(Effect::Hash(number));
            }
            effects
        }
        _ => Vec::new(),
    }
}

/// The picture comes first; its answers when it is seen.
pub(super) fn restored(state: &mut State, number: u32, saved: Saved) -> Vec<Effect> {
    let mut effects = vec![Effect::Fill(saved.turn.question.clone())];
    if let Some(chosen) = saved.chosen
        && let Some(id) = chosen.gallery.clone()
    {
        state.picture.coming = Some(Chosen { number, ..chosen });
        state.restored = Some(saved.turn);
        effects.push(Effect::Fetch { number, id });
    }
    effects
}

/// A picture cannot be used.
pub(super) fn refused(state: &mut State, number: u32, sentence: String) -> Vec<Effect> {
    if is_coming(&state.picture, number) {
        state.picture.coming = None;
        state.held = None;
        state.camera.stop();
        give_up_question(state);
        state.picture_note = sentence;
    }
    Vec::new()
}

/// A picture was decoded: it takes the place of the one before, whose answers go with it.
pub(super) fn shown(state: &mut State, number: u32, [width, height]: [u32; 2], preview: Preview) -> Vec<Effect> {
    let keep = Effect::Keep { number, preview };
    if !is_coming(&state.picture, number) {
        // A new engine was given the picture that is seen.
        let again = state
            .picture
            .shown
            .as_ref()
            .is_some_and(|shown| shown.chosen.number == number);
        return if again { vec![keep] } else { Vec::new() };
    }
    let Some(chosen) = state.picture.coming.take() else {
        return Vec::new();
    };
    let mut effects = vec![keep];
    if state.turn.answering {
        effects.push(Effect::Send(Command::Stop {
            turn: state.turn.number,
        }));
    }
    state.suggestions = if chosen.questions.is_empty() {
        let kinds = state.models.first().map(|model| &model.kinds[..]).unwrap_or_default();
        // What these models answer badly is not suggested.
        let fits = |kind: &&Kind| !["relation", "caption", "free"].contains(&&kind.id[..]);
        kinds.iter().filter(fits).map(|kind| kind.example.clone()).collect()
    } else {
        chosen.questions.clone()
    };
    state.picture_note.clear();
    state.judging.drawing = false;
    state.picture.shown = Some(Shown { chosen, width, height });
    // What the stopped turn still says is about the picture before.
    state.turn = Turn {
        number: state.turn.number + 1,
        panes: panes(state, Phase::Idle),
        ..Default::default()
    };
    state.said.clear();
    effects.extend(look::forget(state));
    if let Some(turn) = state.restored.take() {
        restore(state, turn);
    }
    effects.push(remember(state));
    match state.held.take() {
        Some(question) => effects.extend(ask(state, question)),
        None => effects.extend(recorded::first(state)),
    }
    effects
}

/// Shows answers of before, of those models that are here.
fn restore(state: &mut State, turn: Turn) {
    let mut panes = panes(state, Phase::Idle);
    let mut any = false;
    for pane in &mut panes {
        if let Some(before) = turn.panes.iter().find(|before| before.model == pane.model) {
            pane.clone_from(before);
            any = true;
        }
    }
    if any {
        state.turn = Turn {
            number: state.turn.number,
            panes,
            ..turn
        };
        ended(state);
    }
}
