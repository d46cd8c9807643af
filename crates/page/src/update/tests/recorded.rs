//! Answers that came with the page.

use super::*;
use crate::recorded::Recorded;

/// Two questions about the picture `cat`, answered by the models of [`ready`].
fn recorded(weights_of_b: &str) -> Box<Recorded> {
    let asked = |question: &str, text: &str| {
        let answer = |model: &str| serde_json::to_value(answer_of(model, text)).expect("an answer");
        serde_json::json!({ "question": question, "answers": [answer("b"), answer("a")] })
    };
    let file = serde_json::json!({
        "made": { "command": "record", "device": "a device" },
        "weights": [
            { "model": "a", "sha256": "a".repeat(64) },
            { "model": "b", "sha256": weights_of_b },
        ],
        "pictures": [{ "id": "cat", "questions": [asked("What is this?", "cat"), asked("Is it?", "yes")] }],
    });
    Box::new(serde_json::from_value(file).expect("the page's file"))
}

fn of_gallery(number: u32) -> Chosen {
    Chosen {
        gallery: Some("cat".into()),
        questions: vec!["Unknown?".into(), "What is this?".into(), "Is it?".into()],
        ..chosen(number)
    }
}

fn show_cat(state: &mut State, number: u32) -> Vec<Effect> {
    tell(state, Input::Chosen(of_gallery(number)));
    tell(state, Input::Bytes { number, bytes: vec![7] });
    hear(state, decoded(number))
}

fn texts(state: &State) -> Vec<(&str, &str, Phase)> {
    let panes = state.turn.panes.iter();
    panes
        .map(|pane| (&pane.model[..], &pane.text[..], pane.phase))
        .collect()
}

fn opened() -> State {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::Cpu));
    state
}

#[test]
fn a_picture_of_the_gallery_shows_its_recorded_answers_and_loads_nothing() {
    let mut state = opened();
    tell(&mut state, Input::Recorded(recorded(&"b".repeat(64))));
    let effects = show_cat(&mut state, 1);
    assert!(effects.contains(&Effect::Fill("What is this?".into())), "{effects:?}");
    let both = |text| [("a", text, Phase::Recorded), ("b", text, Phase::Recorded)];
    assert_eq!(texts(&state), both("cat"));
    assert_eq!(state.turn.made.as_ref().map(|made| &made.device[..]), Some("a device"));
    // Another one of its questions, and one that was not recorded.
    tell(&mut state, Input::Try("Is it?".into()));
    assert_eq!(texts(&state), both("yes"));
    let effects = tell(&mut state, Input::Try("Unknown?".into()));
    assert_eq!(effects, [Effect::Fill("Unknown?".into())]);
    assert_eq!(texts(&state), both("yes"));
    assert_eq!(state.loading, Loading::Not);
}

#[test]
fn answers_that_come_late_are_shown_and_those_of_other_weights_are_not() {
    let mut state = opened();
    show_cat(&mut state, 1);
    assert_eq!(state.turn.question, "");
    tell(&mut state, Input::Recorded(recorded(&"c".repeat(64))));
    assert_eq!(state.turn.question, "");
    tell(&mut state, Input::Recorded(recorded(&"b".repeat(64))));
    assert_eq!(state.turn.question, "What is this?");
}

#[test]
fn what_is_recorded_is_run_here_once_the_models_have_come() {
    let mut state = opened();
    tell(&mut state, Input::Recorded(recorded(&"b".repeat(64))));
    show_cat(&mut state, 1);
    assert_eq!(tell(&mut state, Input::RunHere), [Effect::Send(Command::Load)]);
    let effects = hear(&mut state, loaded(Backend::Cpu));
    assert!(
        matches!(ask_effect(&effects), Some((_, 1, "What is this?"))),
        "{effects:?}"
    );
    assert!(state.turn.made.is_none() && state.turn.answering);
    // With models, pictures wait for questions.
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    show_cat(&mut state, 2);
    assert_eq!(state.turn.question, "");
}

#[test]
fn a_visit_begins_with_a_picture_unless_the_visitor_was_quicker() {
    let featured = |state: &mut State| {
        let mut effects = tell(state, Input::Featured(of_gallery(5)));
        effects.extend(tell(state, Input::Recorded(recorded(&"b".repeat(64)))));
        effects
    };
    let fetch = Effect::Fetch {
        number: 5,
        id: "cat".into(),
    };
    assert_eq!(featured(&mut opened()), [fetch]);
    // The engine may be the last to come.
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    assert_eq!(featured(&mut state), []);
    let effects = hear(&mut state, ready(Backend::Cpu));
    assert!(matches!(
        effects[..],
        [Effect::KeepPage, Effect::Fetch { number: 5, .. }]
    ));
    let mut state = opened();
    tell(&mut state, Input::Chosen(chosen(3)));
    assert_eq!(featured(&mut state), []);
}

/// The file that `cargo xtask record` has written, as the page reads it.
#[test]
fn the_shipped_answers_can_be_read() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/recorded.json");
    let text = std::fs::read_to_string(file).expect("recorded.json");
    serde_json::from_str::<Recorded>(&text).expect("answers as the page reads them");
}
