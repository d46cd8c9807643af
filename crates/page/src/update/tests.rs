use sightline_messages::{Answer, Backend, Dtype, FileInfo, Kind, Loaded, Machine, ModelInfo, Preview, Store, Wish};

use super::*;
use crate::state::{Chosen, Engine, Phase};

mod camera;
mod history;
mod judging;
mod look;
mod lost;
mod marked;
mod own;
mod recorded;
mod settings;

pub(super) fn machine(backend: Backend) -> Machine {
    Machine {
        backend,
        adapter: "one".into(),
        software: false,
        dtype: Dtype::F32,
        why: None,
        other: None,
        patience_s: None,
    }
}

pub(super) fn ready(backend: Backend) -> Event {
    ready_with(backend, 0)
}

/// The engine is there, and so many of 100 bytes are in the browser.
fn ready_with(backend: Backend, cached: u64) -> Event {
    let model = |id: &str| ModelInfo {
        id: id.into(),
        encoder: id.into(),
        weights: id.repeat(64),
        title: id.to_uppercase(),
        name: id.to_uppercase(),
        about: format!("How {id} sees."),
        palette: 0,
        kinds: vec![Kind {
            id: "naming".into(),
            example: "What is this?".into(),
        }],
    };
    Event::Ready {
        version: sightline_messages::VERSION,
        machine: machine(backend),
        models: vec![model("a"), model("b")],
        files: vec![FileInfo {
            name: "one".into(),
            model: None,
            bytes: 100,
            cached,
            parts: vec![60, 40],
        }],
        store: Store::Opfs,
    }
}

pub(super) fn loaded(backend: Backend) -> Event {
    Event::Loaded(Loaded {
        total_ms: 1.0,
        compile_ms: Vec::new(),
        device_bytes: 1,
        heap_bytes: 1,
        machine: machine(backend),
        check: None,
    })
}

fn chosen(number: u32) -> Chosen {
    Chosen {
        number,
        name: format!("{number}.png"),
        gallery: None,
        questions: Vec::new(),
    }
}

pub(super) fn decoded(picture: u32) -> Event {
    Event::Picture {
        picture,
        width: 4,
        height: 3,
        preview: Preview {
            width: 4,
            height: 3,
            rgba: vec![255; 48],
        },
    }
}

/// After every input the state must survive being written down and read back.
pub(super) fn tell(state: &mut State, input: Input) -> Vec<Effect> {
    let effects = update(state, input);
    let text = serde_json::to_string(state).expect("a state is plain data");
    assert_eq!(
        serde_json::from_str::<State>(&text).expect("and can be read back"),
        *state
    );
    effects
}

pub(super) fn hear(state: &mut State, event: Event) -> Vec<Effect> {
    tell(state, Input::Heard(event))
}

/// A page with loaded models that shows picture 1.
pub(super) fn asked_about_one() -> State {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::Cpu));
    tell(&mut state, Input::Load);
    hear(&mut state, loaded(Backend::Cpu));
    give(&mut state, 1);
    hear(&mut state, decoded(1));
    state
}

pub(super) fn give(state: &mut State, number: u32) {
    tell(state, Input::Chosen(chosen(number)));
    let effects = tell(state, Input::Bytes { number, bytes: vec![7] });
    assert_eq!(effects, [Effect::Give { number, bytes: vec![7] }]);
}

fn ask_effect(effects: &[Effect]) -> Option<(u32, u32, &str)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(Command::Ask {
            turn,
            picture,
            question,
            ..
        }) => Some((*turn, *picture, question.as_str())),
        _ => None,
    })
}

pub(super) fn answer_of(model: &str, text: &str) -> Answer {
    Answer {
        model: model.into(),
        text: text.into(),
        ..Answer::default()
    }
}

fn remind(seconds: u32, of: Reminder) -> Effect {
    Effect::Remind { seconds, of }
}

#[test]
fn a_question_right_after_a_picture_waits_for_it() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Chosen(chosen(2)));
    assert_eq!(tell(&mut state, Input::Ask("What?".into())), []);
    assert_eq!(state.held.as_deref(), Some("What?"));
    tell(
        &mut state,
        Input::Bytes {
            number: 2,
            bytes: vec![8],
        },
    );
    let effects = hear(&mut state, decoded(2));
    let (_, picture, question) = ask_effect(&effects).expect("it is asked now");
    assert_eq!((picture, question), (2, "What?"));
    assert!(state.turn.answering && state.held.is_none());
}

#[test]
fn a_question_whose_picture_is_refused_is_not_asked_about_the_one_before() {
    let mut state = asked_about_one();
    give(&mut state, 2);
    tell(&mut state, Input::Ask("What?".into()));
    let sentence = "No picture.".to_owned();
    let effects = hear(&mut state, Event::PictureRefused { picture: 2, sentence });
    assert_eq!((effects.len(), state.held.clone()), (0, None));
    assert_eq!(state.picture_note, "No picture.");
    assert_eq!(state.picture.shown.as_ref().map(|shown| shown.chosen.number), Some(1));
}

#[test]
fn another_picture_ends_the_answers_about_the_one_before() {
    let mut state = asked_about_one();
    let effects = tell(&mut state, Input::Ask("What?".into()));
    let (turn, ..) = ask_effect(&effects).expect("asked");
    give(&mut state, 2);
    assert!(state.turn.answering, "until it is shown, the old one is answered");
    let effects = hear(&mut state, decoded(2));
    assert!(effects.contains(&Effect::Send(Command::Stop { turn })));
    assert!(state.turn.question.is_empty() && !state.turn.answering);
    // What still comes of it stands beside no picture that it is not about.
    for event in [
        Event::Text {
            turn,
            model: "a".into(),
            text: "ferry".into(),
        },
        Event::Answered {
            turn,
            answer: answer_of("a", "ferry"),
        },
        Event::Done { turn },
    ] {
        hear(&mut state, event);
    }
    assert!(
        state
            .turn
            .panes
            .iter()
            .all(|pane| pane.phase == Phase::Idle && pane.text.is_empty())
    );
    let effects = tell(&mut state, Input::Ask("And this?".into()));
    let (next, picture, _) = ask_effect(&effects).expect("asked");
    assert!(next > turn && picture == 2);
}

#[test]
fn of_two_pictures_the_later_one_counts_whatever_comes_first() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Chosen(chosen(2)));
    tell(&mut state, Input::Chosen(chosen(3)));
    let late = Input::Bytes {
        number: 3,
        bytes: vec![3],
    };
    assert_eq!(tell(&mut state, late).len(), 1);
    let early = Input::Bytes {
        number: 2,
        bytes: vec![2],
    };
    assert_eq!(tell(&mut state, early), [], "the one that was replaced is not given");
    assert_eq!(hear(&mut state, decoded(2)), []);
    hear(&mut state, decoded(3));
    assert_eq!(state.picture.shown.as_ref().map(|shown| shown.chosen.number), Some(3));
}

#[test]
fn a_question_to_try_is_ignored_while_others_are_answered() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("One?".into()));
    assert_eq!(tell(&mut state, Input::Try("Two?".into())), []);
    assert_eq!(state.turn.question, "One?");
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    let effects = tell(&mut state, Input::Try("Two?".into()));
    assert_eq!(effects[0], Effect::Fill("Two?".into()));
    assert_eq!(ask_effect(&effects).map(|(_, _, question)| question), Some("Two?"));
}

#[test]
fn an_answer_is_said_once_and_whole() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("What?".into()));
    let turn = state.turn.number;
    for text in ["fer", "ry"] {
        let model = "a".into();
        hear(
            &mut state,
            Event::Text {
                turn,
                model,
                text: text.into(),
            },
        );
        assert_eq!(state.said, "");
    }
    assert_eq!(state.turn.panes[0].text, "ferry");
    let answer = answer_of("a", "ferry");
    hear(&mut state, Event::Answered { turn, answer });
    assert_eq!(state.said, "A: ferry");
}

#[test]
fn an_empty_question_is_said_at_the_box() {
    let mut state = asked_about_one();
    assert_eq!(tell(&mut state, Input::Ask("  ".into())), []);
    assert!(!state.question_note.is_empty() && state.picture_note.is_empty());
    tell(&mut state, Input::Ask("What?".into()));
    assert!(state.question_note.is_empty());
}

#[test]
fn a_load_can_be_cancelled_and_goes_on_where_it_was() {
    let mut state = State::default();
    hear(&mut state, ready(Backend::Cpu));
    assert_eq!(tell(&mut state, Input::Load), [Effect::Send(Command::Load)]);
    assert_eq!(tell(&mut state, Input::Load), [], "it is asked for once");
    let progress = Event::Progress {
        file: 0,
        downloaded: 75,
        cached: 0,
        verified: 60,
    };
    hear(&mut state, progress);
    hear(&mut state, Event::Waiting { seconds: 9 });
    assert!(matches!(state.loading, Loading::Fetching { waiting_s: Some(9), .. }));
    assert_eq!(tell(&mut state, Input::Cancel), [Effect::Send(Command::Cancel)]);
    assert_eq!(tell(&mut state, Input::Cancel), []);
    hear(&mut state, Event::Cancelled);
    // Half a part is nothing.
    assert_eq!((state.loading.clone(), state.bytes()), (Loading::Not, (100, 60)));
    assert_eq!(tell(&mut state, Input::Load).len(), 1);
}

#[test]
fn a_failed_load_has_one_button_and_keeps_what_came() {
    let mut state = State::default();
    hear(&mut state, ready(Backend::Cpu));
    tell(&mut state, Input::Load);
    let sentence = "It stopped.".to_owned();
    hear(&mut state, Event::LoadFailed { sentence });
    let problem = state.problem.clone().expect("it is said");
    assert_eq!((problem.remedy, problem.other), (None, None));
    assert_eq!(tell(&mut state, Input::Load), [Effect::Send(Command::Load)]);
    assert_eq!(state.problem, None);
}

#[test]
fn storage_is_asked_for_once_the_models_are_here() {
    let mut state = State::default();
    hear(&mut state, ready(Backend::Cpu));
    tell(&mut state, Input::Load);
    assert_eq!(hear(&mut state, loaded(Backend::Cpu)), [Effect::Persist]);
}

#[test]
fn a_lost_gpu_offers_the_processor_and_the_picture_goes_along() {
    let mut state = State::default();
    hear(&mut state, ready(Backend::WebGpu));
    tell(&mut state, Input::Load);
    hear(&mut state, loaded(Backend::WebGpu));
    give(&mut state, 1);
    hear(&mut state, decoded(1));
    tell(&mut state, Input::Ask("What?".into()));
    let lost = |sentence: &str| Event::Broken {
        sentence: sentence.into(),
        remedy: sightline_messages::Remedy::Restart,
    };
    hear(&mut state, lost("The GPU was lost."));
    hear(&mut state, lost("A consequence of it."));
    let problem = state.problem.clone().expect("it is said");
    assert_eq!(problem.sentence, "The GPU was lost.");
    assert_eq!(
        (problem.remedy, problem.other),
        (Some(Remedy::Restart), Some(Remedy::Processor))
    );
    assert!(state.turn.panes.iter().all(|pane| pane.phase == Phase::Stopped));
    let effects = tell(&mut state, Input::Remedy(Remedy::Processor));
    assert_eq!(effects[0], Effect::StartEngine(Wish::Cpu));
    assert!(effects.contains(&Effect::GiveAgain(1)));
    // The new engine decodes it again, and it stays the picture that is shown.
    hear(&mut state, ready(Backend::Cpu));
    assert!(matches!(
        hear(&mut state, decoded(1))[..],
        [Effect::Keep { number: 1, .. }]
    ));
    // A processor has no other device to offer.
    hear(&mut state, lost("It failed."));
    assert_eq!(state.problem.expect("it is said").other, None);
}

#[test]
fn an_engine_that_does_not_come_is_said_to_be_late() {
    let mut state = State::default();
    let effects = tell(&mut state, Input::Opened(Some(Wish::Gpu)));
    assert_eq!(effects[0], Effect::StartEngine(Wish::Gpu));
    assert_eq!(effects[1], remind(12, Reminder::Start(1)));
    tell(&mut state, Input::Reminded(Reminder::Start(1)));
    assert_eq!(state.engine, Engine::Late);
    hear(&mut state, ready(Backend::WebGpu));
    tell(&mut state, Input::Reminded(Reminder::Start(1)));
    assert_eq!(state.engine, Engine::Ready);
    // An engine that has just begun is not late because the one before was.
    tell(&mut state, Input::Remedy(Remedy::Restart));
    tell(&mut state, Input::Reminded(Reminder::Start(1)));
    assert_eq!(state.engine, Engine::Starting);
    tell(&mut state, Input::Reminded(Reminder::Start(2)));
    assert_eq!(state.engine, Engine::Late);
}

#[test]
fn notices_are_few_and_none_stands_twice() {
    let mut state = State::default();
    for n in 0..10 {
        let sentence = format!("notice {}", n % 8);
        hear(&mut state, Event::Notice { sentence });
    }
    assert_eq!(state.notices.len(), notices::MOST);
    assert_eq!(state.notices.last().map(String::as_str), Some("notice 1"));
}

#[test]
fn a_reload_gets_back_a_picture_of_the_gallery_with_its_answers() {
    let mut state = asked_about_one();
    let mut of_gallery = chosen(2);
    of_gallery.gallery = Some("ferry".into());
    tell(&mut state, Input::Chosen(of_gallery));
    tell(
        &mut state,
        Input::Bytes {
            number: 2,
            bytes: vec![2],
        },
    );
    hear(&mut state, decoded(2));
    tell(&mut state, Input::Ask("What?".into()));
    let turn = state.turn.number;
    let answer = answer_of("a", "ferry");
    hear(&mut state, Event::Answered { turn, answer });
    let effects = hear(&mut state, Event::Done { turn });
    let [Effect::Remember(saved)] = &effects[..] else {
        panic!("{effects:?}")
    };

    let mut state = State::default();
    let saved = saved.clone();
    let effects = tell(&mut state, Input::Restored { number: 1, saved });
    assert_eq!(effects[0], Effect::Fill("What?".into()));
    assert!(matches!(&effects[1], Effect::Fetch { number: 1, id } if id == "ferry"));
    hear(&mut state, ready(Backend::Cpu));
    tell(
        &mut state,
        Input::Bytes {
            number: 1,
            bytes: vec![2],
        },
    );
    hear(&mut state, decoded(1));
    assert_eq!(
        (state.turn.question.as_str(), state.turn.panes[0].text.as_str()),
        ("What?", "ferry")
    );
    assert_eq!(state.turn.panes[1].phase, Phase::Stopped, "it had not answered");
    assert!(!state.turn.answering);
}

#[test]
fn a_visitors_own_picture_is_not_remembered() {
    let mut state = asked_about_one();
    tell(&mut state, Input::Ask("What?".into()));
    let turn = state.turn.number;
    let effects = hear(&mut state, Event::Done { turn });
    let [Effect::Remember(saved)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&saved.chosen, saved.turn.question.as_str()), (&None, "What?"));
}

#[test]
fn of_many_presses_one_counts() {
    let mut state = asked_about_one();
    assert!(ask_effect(&tell(&mut state, Input::Ask("What?".into()))).is_some());
    for _ in 0..4 {
        assert_eq!(tell(&mut state, Input::Ask("What?".into())), []);
    }
    for _ in 0..5 {
        tell(&mut state, Input::Stop);
    }
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    assert_eq!(tell(&mut state, Input::Stop), [], "nothing is left to stop");
    let (next, ..) = ask_effect(&tell(&mut state, Input::Ask("What?".into()))).expect("asked");
    assert!(next > turn, "stops of the turn before do not reach it");
}

#[test]
fn removed_downloads_leave_the_models_that_are_loaded() {
    let mut state = asked_about_one();
    assert_eq!(tell(&mut state, Input::Forget), [Effect::Send(Command::Forget)]);
    hear(&mut state, Event::Forgotten { bytes: 100 });
    assert_eq!(state.files[0].cached, 0);
    assert!(ask_effect(&tell(&mut state, Input::Ask("What?".into()))).is_some());
}
