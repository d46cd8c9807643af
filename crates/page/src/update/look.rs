//! The look inside: what is chosen, what is asked of the engine, and what comes of it.

use sightline_messages::{Command, LookCommand, LookEvent, MapKind, MapQuery, Spot};

use super::effect::Effect;
use crate::looking::{Found, LookInput};
use crate::state::State;

/// A visitor did something.
pub(super) fn input(state: &mut State, input: LookInput) -> Vec<Effect> {
    match input {
        LookInput::Open(open) => {
            state.looking.open = open;
            return Vec::new();
        }
        LookInput::Stop => return stop(state),
        LookInput::Kind(kind) => {
            state.looking.kind = kind;
            state.looking.found.clear();
            // The slow map waits for the button.
            if kind == MapKind::ReceptiveField {
                return stop(state);
            }
        }
        LookInput::Word(word) => state.looking.word = word,
        LookInput::Point(point) => {
            let spot = state.looking.map().map(|map| map.index(point[0], point[1]) as u32);
            let [rows, columns] = state.looking.grid();
            state.looking.patch = Some(match spot {
                Some(index) => [index / columns, index % columns],
                // No model has told where the picture lies among its patches.
                None => [(point[1], rows), (point[0], columns)].map(|(at, side)| {
                    let cell = (at * side as f32).max(0.0) as u32;
                    cell.min(side - 1)
                }),
            });
        }
        LookInput::Move(by) => {
            let (grid, at) = (state.looking.grid(), state.looking.marked());
            state.looking.patch = Some([0, 1].map(|axis| {
                let moved = at[axis].saturating_add_signed(by[axis]);
                moved.min(grid[axis] - 1)
            }));
        }
        LookInput::Show => {}
    }
    show(state)
}

/// Asks for the map that is chosen, if everything is there. A look that still runs ends.
fn show(state: &mut State) -> Vec<Effect> {
    let Some(shown) = &state.picture.shown else {
        return Vec::new();
    };
    let is_word = state.looking.kind == MapKind::Word;
    if state.loaded().is_none() || is_word && state.looking.word.is_empty() {
        return Vec::new();
    }
    let picture = shown.chosen.number;
    let mut effects = stop(state);
    let looking = &mut state.looking;
    looking.number += 1;
    (looking.running, looking.picture, looking.progress) = (true, picture, None);
    let spot = match (looking.patch, is_word) {
        (Some(patch), false) => Spot::Patch(patch),
        _ => Spot::default(),
    };
    effects.push(Effect::Send(Command::Look(LookCommand::Map {
        look: looking.number,
        picture,
        query: MapQuery {
            kind: looking.kind,
            spot,
            word: looking.word.clone(),
            ..MapQuery::default()
        },
    })));
    effects
}

/// Ends a look that runs: what is asked for now comes first.
pub(super) fn stop(state: &mut State) -> Vec<Effect> {
    let looking = &mut state.looking;
    if !looking.running {
        return Vec::new();
    }
    (looking.running, looking.progress) = (false, None);
    let look = looking.number;
    vec![Effect::Send(Command::Look(LookCommand::Stop { look }))]
}

/// What belongs to another picture, or to an engine that is gone, is not shown.
pub(super) fn forget(state: &mut State) -> Vec<Effect> {
    let effects = stop(state);
    let looking = &mut state.looking;
    looking.patch = None;
    looking.found.clear();
    looking.word.clear();
    effects
}

/// The engine said something about a look.
pub(super) fn heard(state: &mut State, event: LookEvent) {
    let looking = &mut state.looking;
    let now = looking.number;
    let mut found = |found: Found| {
        let model = |found: &Found| match found {
            Found::Map(map) => map.model.clone(),
            Found::Missing { model, .. } => model.clone(),
        };
        looking.found.retain(|other| model(other) != model(&found));
        looking.found.push(found);
    };
    match event {
        LookEvent::Found { look, map } if look == now => found(Found::Map(map)),
        LookEvent::Missing { look, model, sentence } if look == now => found(Found::Missing { model, sentence }),
        LookEvent::Progress { look, model, done, all } if look == now && looking.running => {
            looking.progress = Some((model, done, all));
        }
        LookEvent::Done { look } if look == now => (looking.running, looking.progress) = (false, None),
        _ => {}
    }
}
