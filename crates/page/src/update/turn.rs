//! A question, and the answers to it.

use sightline_messages::{Answer, Command, Event};

use super::effect::Effect;
use super::input::Reminder;
use super::recovery;
use crate::say::next_questions;
use crate::state::{Engine, Pane, Past, Phase, Saved, State};

/// Most questions that stay: the files of their pictures stay with them.
const MOST_PAST: usize = 12;
/// Seconds until a turn that was stopped and does not end is said to be stuck.
const STUCK_S: u32 = 20;
/// The same on a GPU in software, where one picture may take minutes.
const STUCK_SOFTWARE_S: u32 = 240;

/// The visitor asks.
pub(super) fn ask(state: &mut State, question: String) -> Vec<Effect> {
    if state.loaded().is_none() || state.turn.answering {
        return Vec::new();
    }
    if question.trim().is_empty() {
        state.question_note = "Type a question first, or press one of those below.".into();
        return Vec::new();
    }
    state.question_note.clear();
    if state.picture.coming.is_some() {
        state.held = Some(question);
        return Vec::new();
    }
    let Some(shown) = &state.picture.shown else {
        return Vec::new();
    };
    let picture = shown.chosen.number;
    let mut panes = panes(state, Phase::Waiting);
    let settings = state.settings.clone();
    if let Some(only) = &settings.only {
        let others = panes.iter_mut().filter(|pane| pane.model != *only);
        others.for_each(|pane| pane.phase = Phase::Idle);
    }
    let turn = &mut state.turn;
    turn.number += 1;
    state.judging.drawing = false;
    turn.question.clone_from(&question);
    (turn.answering, turn.stopping, turn.again, turn.outside) = (true, false, false, false);
    turn.made = None;
    turn.panes = panes;
    turn.settings.clone_from(&settings);
    state.said.clear();
    vec![Effect::Send(Command::Ask {
        turn: turn.number,
        picture,
        question,
        max_tokens: settings.max_tokens,
        ways: settings.ways(),
    })]
}

/// The visitor ends the answers.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    if state.held.take().is_some() || !state.turn.answering {
        return Vec::new();
    }
    let turn = state.turn.number;
    let mut effects = vec![Effect::Send(Command::Stop { turn })];
    if !state.turn.stopping {
        effects.push(Effect::Remind {
            seconds: patience(state),
            of: Reminder::Stop(turn),
        });
    }
    state.turn.stopping = true;
    effects
}

/// Says that a turn does not end, if it was not left behind since.
pub(super) fn stuck(state: &mut State, turn: u32) {
    if state.turn.number == turn && state.turn.stopping {
        let sentence = format!(
            "The answers have not ended, {} seconds after they were stopped. What computes may have stopped answering: wait a \
             little longer, or go on in another way.",
            patience(state)
        );
        state.problem = Some(state.restartable(sentence));
    }
}

fn patience(state: &State) -> u32 {
    match state.machine.as_ref().is_some_and(|machine| machine.software) {
        true => STUCK_SOFTWARE_S,
        false => STUCK_S,
    }
}

/// Empty panes, one per model.
pub(super) fn panes(state: &State, phase: Phase) -> Vec<Pane> {
    let models = state.models.iter();
    models
        .map(|model| Pane {
            model: model.id.clone(),
            phase,
            ..Pane::default()
        })
        .collect()
}

/// What a reload should get back of the state.
pub(super) fn remember(state: &State) -> Effect {
    let shown = state.picture.shown.as_ref().map(|shown| &shown.chosen);
    Effect::Remember(Saved {
        chosen: shown.filter(|chosen| chosen.gallery.is_some()).cloned(),
        turn: state.turn.clone(),
    })
}

/// All answers of a turn as one text, for those who listen.
pub(super) fn whole(state: &State) -> String {
    let panes = state.turn.panes.iter();
    let said = panes.map(|pane| format!("{}: {}", state.model_name(&pane.model), pane.text));
    said.collect::<Vec<_>>().join(". ")
}

/// No more of the answers comes.
pub(super) fn ended(state: &mut State) {
    (state.turn.answering, state.turn.stopping) = (false, false);
    for pane in &mut state.turn.panes {
        if matches!(pane.phase, Phase::Waiting | Phase::Looking | Phase::Answering) {
            pane.phase = Phase::Stopped;
        }
    }
}

/// The engine has said all about a turn.
pub(super) fn done(state: &mut State, turn: u32) -> Vec<Effect> {
    // It had only taken long to stop.
    if state.engine == Engine::Ready {
        state.problem = None;
        state.losses = 0;
    }
    if turn != state.turn.number {
        return Vec::new();
    }
    ended(state);
    keep(state);
    let own = state
        .picture
        .shown
        .as_ref()
        .is_some_and(|shown| shown.chosen.gallery.is_none());
    let next = if own { next_questions(state) } else { Vec::new() };
    if !next.is_empty() {
        state.suggestions = next;
    }
    vec![remember(state)]
}

/// Keeps a turn that has come to its end among the questions of before.
fn keep(state: &mut State) {
    let Some(shown) = &state.picture.shown else { return };
    // Frame after frame would push out what the visitor has asked.
    if state.camera.live.is_some() {
        return;
    }
    if !state.turn.panes.iter().any(|pane| pane.answer.is_some()) {
        return;
    }
    state.history.push(Past {
        chosen: shown.chosen.clone(),
        turn: state.turn.clone(),
    });
    if state.history.len() > MOST_PAST {
        state.history.remove(0);
    }
}

/// What belongs to a question. That of an earlier one is not shown.
pub(super) fn answer(state: &mut State, event: Event) {
    let now = state.turn.number;
    match event {
        Event::Started {
            turn, outside_training, ..
        } if turn == now => state.turn.outside = outside_training,
        Event::Looking { turn, model } if turn == now => in_pane(state, &model, |pane| pane.phase = Phase::Looking),
        Event::Looked {
            turn, model, reused, ..
        } if turn == now => in_pane(state, &model, |pane| {
            pane.reused = reused;
            pane.phase = Phase::Answering;
        }),
        Event::Text { turn, model, text } if turn == now => {
            in_pane(state, &model, |pane| recovery::append(pane, &text))
        }
        Event::Answered { turn, answer } if turn == now => answered(state, answer),
        Event::Refused { turn, sentence } if turn == now => state.question_note = sentence,
        _ => {}
    }
}

fn answered(state: &mut State, answer: Answer) {
    state.said = format!("{}: {}", state.model_name(&answer.model), answer.text);
    let model = answer.model.clone();
    in_pane(state, &model, |pane| {
        pane.phase = if answer.stopped { Phase::Stopped } else { Phase::Done };
        pane.again = None;
        pane.text = if answer.text.is_empty() {
            "(nothing)".into()
        } else {
            answer.text.clone()
        };
        pane.answer = Some(answer);
    });
}

fn in_pane(state: &mut State, model: &str, work: impl FnOnce(&mut Pane)) {
    if let Some(pane) = state.turn.panes.iter_mut().find(|pane| pane.model == model) {
        work(pane);
    }
}
