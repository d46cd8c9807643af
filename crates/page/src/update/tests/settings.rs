//! What a visitor sets, and what the engine is told of it.

use sightline_link::{Picture, Settings as LinkSettings, Shared, SharedAnswer, Source};
use sightline_messages::Ways;

use super::*;
use crate::settings::{Kept, Setting, Settings};
use crate::state::Remedy;
use crate::update::link::result;

fn set(state: &mut State, setting: Setting) -> Vec<Effect> {
    tell(state, Input::Set(setting))
}

/// The most tokens and the ways of the question that is asked.
fn asked(effects: &[Effect]) -> (u32, Ways) {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Send(Command::Ask { max_tokens, ways, .. }) => Some((*max_tokens, ways.clone())),
        _ => None,
    });
    found.expect("a question is sent")
}

#[test]
fn a_question_goes_with_the_settings_and_a_reload_keeps_them() {
    let mut state = asked_about_one();
    let first = tell(&mut state, Input::Ask("What?".into()));
    assert_eq!(asked(&first), (64, Ways::default()));
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    for setting in [
        Setting::Tokens(5.0),
        Setting::Temperature(0.701),
        Setting::Seed(9.0),
        // What is typed halfway is no number.
        Setting::Tokens(f64::NAN),
    ] {
        set(&mut state, setting);
    }
    let effects = set(&mut state, Setting::Only("b".into()));
    let settings = Settings {
        max_tokens: 5,
        temperature: 0.7,
        seed: 9,
        only: Some("b".into()),
        whole: false,
    };
    let kept = Kept {
        settings: settings.clone(),
        device: None,
    };
    assert_eq!(effects, [Effect::KeepSettings(kept.clone())]);
    let ways = Ways {
        temperature: 0.7,
        seed: 9,
        only: Some("b".into()),
    };
    assert_eq!(asked(&tell(&mut state, Input::Ask("What?".into()))), (5, ways));
    let phases: Vec<Phase> = state.turn.panes.iter().map(|pane| pane.phase).collect();
    assert_eq!(phases, [Phase::Idle, Phase::Waiting]);
    let mut reloaded = State::default();
    assert_eq!(set(&mut reloaded, Setting::Kept(kept)), []);
    tell(&mut reloaded, Input::Opened(None));
    assert_eq!(reloaded.settings, settings);
    hear(&mut reloaded, ready(Backend::Cpu));
    assert_eq!(reloaded.settings.only.as_deref(), Some("b"));
    set(&mut reloaded, Setting::Usual);
    assert_eq!(reloaded.settings, Settings::default());
}

#[test]
fn numbers_stay_within_what_the_engine_takes() {
    let mut settings = Settings::default();
    for (setting, expected) in [
        (Setting::Tokens(0.0), (1, 0.0, 0)),
        (Setting::Tokens(1e9), (256, 0.0, 0)),
        (Setting::Temperature(-1.0), (256, 0.0, 0)),
        (Setting::Temperature(7.0), (256, 2.0, 0)),
        (Setting::Seed(-3.0), (256, 2.0, 0)),
        (Setting::Seed(1e30), (256, 2.0, (1 << 53) - 1)),
    ] {
        settings.set(&setting);
        assert_eq!(
            (settings.max_tokens, settings.temperature, settings.seed),
            expected,
            "{setting:?}"
        );
    }
}

#[test]
fn asking_again_draws_other_words_and_repeats_the_likeliest() {
    let mut state = asked_about_one();
    assert_eq!(tell(&mut state, Input::Again), [], "nothing was asked");
    tell(&mut state, Input::Ask("What?".into()));
    assert_eq!(tell(&mut state, Input::Again), [], "an answer is under way");
    let done = |state: &mut State| {
        let turn = state.turn.number;
        hear(state, Event::Done { turn });
    };
    done(&mut state);
    assert_eq!(asked(&tell(&mut state, Input::Again)).1.seed, 0);
    done(&mut state);
    set(&mut state, Setting::Temperature(1.0));
    let seeds: Vec<u64> = (0..3)
        .map(|_| {
            let effects = tell(&mut state, Input::Again);
            done(&mut state);
            asked(&effects).1.seed
        })
        .collect();
    assert_eq!(seeds, [1, 2, 3]);
}

#[test]
fn another_device_or_arithmetic_starts_the_engine_again_from_what_is_kept() {
    let mut state = asked_about_one();
    // The processor has 32 bits alone.
    let effects = set(&mut state, Setting::Whole(true));
    assert!(matches!(effects[..], [Effect::KeepSettings(_)]), "{effects:?}");
    assert!(state.settings_note.contains("either way"), "{}", state.settings_note);
    let effects = set(&mut state, Setting::Device(Wish::Gpu));
    assert!(effects.contains(&Effect::StartEngine(Wish::Gpu)), "{effects:?}");
    assert!(state.settings_note.contains("own copies"), "{}", state.settings_note);
    assert!(hear(&mut state, ready_with(Backend::WebGpu, 100)).contains(&Effect::Send(Command::Load)));
    hear(&mut state, loaded(Backend::WebGpu));
    let effects = set(&mut state, Setting::Whole(false));
    assert!(effects.contains(&Effect::StartEngine(Wish::Gpu)), "{effects:?}");
    // Where nothing is kept, nothing is downloaded unasked.
    assert_eq!(hear(&mut state, ready_with(Backend::WebGpu, 0)), [Effect::KeepPage]);
}

#[test]
fn the_address_chooses_the_device_before_what_was_set() {
    for (address, expected) in [(None, Wish::Cpu), (Some(Wish::Auto), Wish::Auto)] {
        let mut state = State::default();
        let kept = Kept {
            device: Some(Wish::Cpu),
            ..Kept::default()
        };
        set(&mut state, Setting::Kept(kept));
        tell(&mut state, Input::Opened(address));
        assert_eq!(state.wish, expected);
    }
}

fn link(settings: LinkSettings) -> Box<Shared> {
    let answer = SharedAnswer {
        model: "a".into(),
        weights: "a".repeat(64),
        ..SharedAnswer::default()
    };
    Box::new(Shared {
        picture: Picture {
            source: Source::Gallery("cat".into()),
            size: [4, 3],
        },
        question: "Where?".into(),
        settings,
        device: "another machine".into(),
        answers: vec![answer],
    })
}

#[test]
fn a_link_brings_its_settings_and_is_made_with_those_of_the_answer() {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::WebGpu));
    let settings = LinkSettings {
        max_tokens: 12,
        temperature: 0.5,
        seed: u64::MAX,
        half: false,
    };
    let shared = link(settings);
    tell(&mut state, Input::Linked { number: 1, shared });
    tell(
        &mut state,
        Input::Bytes {
            number: 1,
            bytes: vec![7],
        },
    );
    hear(&mut state, decoded(1));
    // 32 bits need another engine; the press that loads the models is not asked for twice.
    let effects = tell(&mut state, Input::Load);
    assert!(effects.contains(&Effect::StartEngine(Wish::Auto)), "{effects:?}");
    assert!(hear(&mut state, ready(Backend::WebGpu)).contains(&Effect::Send(Command::Load)));
    hear(&mut state, loaded(Backend::WebGpu));
    let (max_tokens, ways) = asked(&tell(&mut state, Input::Ask("Where?".into())));
    assert_eq!((max_tokens, ways.temperature, ways.seed), (12, 0.5, u64::MAX));
    let turn = state.turn.number;
    let answer = answer_of("a", "here");
    hear(&mut state, Event::Answered { turn, answer });
    hear(&mut state, Event::Done { turn });
    // What is set later says nothing of an answer that is here.
    set(&mut state, Setting::Usual);
    assert_eq!(result(&state).map(|shared| shared.settings), Some(settings));
}

#[test]
fn a_model_that_is_being_prepared_can_be_given_up() {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready_with(Backend::WebGpu, 100));
    tell(&mut state, Input::Load);
    hear(&mut state, Event::Compiling { model: "a".into() });
    let effects = tell(&mut state, Input::Cancel);
    assert!(effects.contains(&Effect::StartEngine(Wish::Auto)), "{effects:?}");
    assert_eq!(hear(&mut state, ready_with(Backend::WebGpu, 100)), [Effect::KeepPage]);
    assert_eq!(tell(&mut state, Input::Remedy(Remedy::PageModels)), []);
}
