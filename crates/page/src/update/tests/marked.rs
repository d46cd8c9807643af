//! A tab that was killed while models were loading: the mark, and what the next visit offers.

use super::*;
use crate::mark::Mark;

fn opened(backend: Backend, cached: u64) -> State {
    let mut state = State::default();
    tell(&mut state, Input::Opened(Some(Wish::Auto)));
    hear(&mut state, ready_with(backend, cached));
    state
}

fn mark(state: &State) -> Option<String> {
    Mark::of(state).map(Mark::text)
}

fn preparing(state: &mut State) {
    let model = "a".into();
    hear(state, Event::Compiling { model });
}

#[test]
fn a_mark_stands_from_the_press_until_loading_has_ended() {
    let ends: [fn(&mut State); 4] = [
        |state| drop(hear(state, loaded(Backend::WebGpu))),
        |state| {
            let sentence = "no".into();
            hear(state, Event::LoadFailed { sentence });
        },
        |state| drop(hear(state, Event::Cancelled)),
        |state| {
            let (sentence, remedy) = ("gone".into(), sightline_messages::Remedy::Restart);
            hear(state, Event::Broken { sentence, remedy });
        },
    ];
    for end in ends {
        let mut state = opened(Backend::WebGpu, 0);
        assert_eq!(mark(&state), None);
        tell(&mut state, Input::Load);
        assert_eq!(mark(&state).as_deref(), Some("gpu 0"));
        preparing(&mut state);
        preparing(&mut state);
        assert_eq!(mark(&state).as_deref(), Some("gpu 2"));
        end(&mut state);
        assert_eq!(mark(&state), None);
    }
    let mut state = opened(Backend::Cpu, 0);
    tell(&mut state, Input::Load);
    assert_eq!(mark(&state).as_deref(), Some("cpu 0"));
}

/// A visit that finds this mark.
fn finds(text: &str) -> State {
    let mut state = State::default();
    tell(&mut state, Input::Opened(Some(Wish::Auto)));
    tell(&mut state, Input::Left(Mark::read(text).expect("a mark")));
    state
}

#[test]
fn the_next_visit_offers_the_processor_and_loads_there_with_one_press() {
    let mut state = finds("gpu 2");
    let problem = state.problem.clone().expect("an offer");
    assert!(
        problem.sentence.contains("model 2 was prepared for your GPU"),
        "{}",
        problem.sentence
    );
    assert_eq!(
        (problem.remedy, problem.other),
        (Some(Remedy::Processor), Some(Remedy::Dismiss))
    );
    // It waits for the visitor, whatever the engine says.
    hear(&mut state, ready_with(Backend::WebGpu, 100));
    assert_eq!(
        (state.problem.as_ref(), &state.loading),
        (Some(&problem), &Loading::Not)
    );
    let effects = tell(&mut state, Input::Remedy(Remedy::Processor));
    assert_eq!(effects.first(), Some(&Effect::StartEngine(Wish::Cpu)));
    assert_eq!(state.problem, None);
    let effects = hear(&mut state, ready_with(Backend::Cpu, 100));
    assert!(effects.contains(&Effect::Send(Command::Load)), "{effects:?}");
    // Nothing is downloaded that no button has named.
    let mut state = finds("gpu 0");
    tell(&mut state, Input::Remedy(Remedy::Processor));
    assert_eq!(hear(&mut state, ready_with(Backend::Cpu, 40)), [Effect::KeepPage]);
}

#[test]
fn a_visitor_may_decline_and_load_as_before() {
    let mut state = finds("gpu 1");
    hear(&mut state, ready_with(Backend::WebGpu, 0));
    assert_eq!(tell(&mut state, Input::Remedy(Remedy::Dismiss)), []);
    assert_eq!((&state.problem, state.wish), (&None, Wish::Auto));
    assert_eq!(tell(&mut state, Input::Load), [Effect::Send(Command::Load)]);
    let mut state = finds("gpu 1");
    hear(&mut state, ready_with(Backend::WebGpu, 0));
    assert_eq!(tell(&mut state, Input::Load), [Effect::Send(Command::Load)]);
    assert_eq!(state.problem, None);
}

#[test]
fn where_the_processor_ran_out_of_memory_the_page_says_what_helps() {
    let problem = finds("cpu 3").problem.expect("an offer");
    assert!(problem.sentence.contains("too little memory"), "{}", problem.sentence);
    assert_eq!((problem.remedy, problem.other), (None, Some(Remedy::Dismiss)));
}
