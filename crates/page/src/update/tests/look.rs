//! The look inside.

use sightline_messages::{Heat, LookCommand, LookEvent, Map, MapKind, MapQuery, Spot};

use super::*;
use crate::looking::{Found, LookInput};

fn look(state: &mut State, input: LookInput) -> Vec<Effect> {
    tell(state, Input::Look(input))
}

/// What is asked of the engine, if anything is.
fn asked(effects: &[Effect]) -> Option<(u32, u32, &MapQuery)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(Command::Look(LookCommand::Map { look, picture, query })) => Some((*look, *picture, query)),
        _ => None,
    })
}

fn stops(effects: &[Effect]) -> Option<u32> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(Command::Look(LookCommand::Stop { look })) => Some(*look),
        _ => None,
    })
}

fn map(model: &str) -> Map {
    Map {
        kind: MapKind::ReceptiveField,
        model: model.into(),
        grid: [4, 4],
        picture: [0.0, 0.25, 1.0, 0.75],
        patch: Some([2, 2]),
        word: None,
        in_question: false,
        layer: None,
        cell: 1,
        heats: vec![Heat {
            name: String::new(),
            values: vec![0.5; 16],
        }],
        sharpness: 0.3,
    }
}

#[test]
fn a_patch_is_asked_for_and_its_maps_stay() {
    let mut state = asked_about_one();
    assert_eq!(asked(&look(&mut state, LookInput::Open(true))), None);
    let effects = look(&mut state, LookInput::Show);
    let (number, picture, query) = asked(&effects).expect("a map");
    assert_eq!((number, picture, query.spot), (1, 1, Spot::default()));
    assert!(state.looking.running);
    for model in ["a", "b"] {
        hear(
            &mut state,
            Event::Look(LookEvent::Found {
                look: 1,
                map: map(model),
            }),
        );
    }
    hear(&mut state, Event::Look(LookEvent::Done { look: 1 }));
    assert!(!state.looking.running && state.looking.found.len() == 2);
    // The picture lies in the middle two rows of patches.
    let effects = look(&mut state, LookInput::Point([0.1, 0.1]));
    assert_eq!(asked(&effects).expect("a map").2.spot, Spot::Patch([1, 0]));
    // The maps before it stay until others come.
    assert_eq!(state.looking.found.len(), 2);
    let effects = look(&mut state, LookInput::Move([9, -9]));
    assert_eq!(asked(&effects).expect("a map").2.spot, Spot::Patch([3, 0]));
    assert_eq!(stops(&effects), Some(2));
    // Those of a look that was left behind are not shown.
    hear(&mut state, Event::Look(LookEvent::Found { look: 2, map: map("c") }));
    assert_eq!(state.looking.found.len(), 2);
}

#[test]
fn nothing_is_asked_before_there_is_something_to_ask() {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::Cpu));
    assert_eq!(look(&mut state, LookInput::Show), []);
    let mut state = asked_about_one();
    // A word has to be chosen first.
    assert_eq!(look(&mut state, LookInput::Kind(MapKind::Word)), []);
    let effects = look(&mut state, LookInput::Word("dog".into()));
    assert_eq!(asked(&effects).expect("a map").2.word, "dog");
}

#[test]
fn the_slow_map_waits_for_its_button_and_can_be_stopped() {
    let mut state = asked_about_one();
    look(&mut state, LookInput::Kind(MapKind::Attention));
    assert!(state.looking.running);
    let effects = look(&mut state, LookInput::Kind(MapKind::ReceptiveField));
    assert_eq!((stops(&effects), asked(&effects)), (Some(1), None));
    look(&mut state, LookInput::Show);
    let progress = LookEvent::Progress {
        look: 2,
        model: "a".into(),
        done: 3,
        all: 49,
    };
    hear(&mut state, Event::Look(progress.clone()));
    assert_eq!(state.looking.progress, Some(("a".into(), 3, 49)));
    assert_eq!(stops(&look(&mut state, LookInput::Stop)), Some(2));
    // What was under way when it was stopped.
    hear(&mut state, Event::Look(progress));
    assert_eq!((state.looking.running, &state.looking.progress), (false, &None));
    assert_eq!(look(&mut state, LookInput::Stop), []);
}

#[test]
fn another_picture_or_engine_forgets_maps() {
    let mut state = asked_about_one();
    look(&mut state, LookInput::Show);
    hear(&mut state, Event::Look(LookEvent::Found { look: 1, map: map("a") }));
    let missing = LookEvent::Missing {
        look: 1,
        model: "b".into(),
        sentence: "It has none.".into(),
    };
    hear(&mut state, Event::Look(missing));
    assert!(matches!(&state.looking.found[1], Found::Missing { model, .. } if model == "b"));
    give(&mut state, 2);
    hear(&mut state, decoded(2));
    assert!(state.looking.found.is_empty() && !state.looking.running);
    look(&mut state, LookInput::Show);
    hear(&mut state, Event::Look(LookEvent::Found { look: 2, map: map("a") }));
    tell(&mut state, Input::Remedy(Remedy::Restart));
    assert!(state.looking.found.is_empty() && !state.looking.running);
}
