//! Engines that stop, hang or come late, and what the next one brings back.

use super::*;

fn lost() -> Event {
    Event::Broken {
        sentence: "The GPU was lost.".into(),
        remedy: sightline_messages::Remedy::Restart,
    }
}

/// A page on a GPU whose models are loaded, that shows picture 1 and was asked about it.
fn asked_on_a_gpu() -> State {
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::WebGpu));
    tell(&mut state, Input::Load);
    hear(&mut state, loaded(Backend::WebGpu));
    give(&mut state, 1);
    hear(&mut state, decoded(1));
    tell(&mut state, Input::Ask("What?".into()));
    state
}

#[test]
fn another_engine_brings_back_models_picture_and_question() {
    for remedy in [Remedy::Restart, Remedy::Processor] {
        let mut state = asked_on_a_gpu();
        hear(&mut state, lost());
        assert!(words::comes_back(&state).contains("your question is asked again"));
        let effects = tell(&mut state, Input::Remedy(remedy));
        assert!(effects.contains(&Effect::GiveAgain(1)));
        assert_eq!(words::comes_back(&state), "");
        let effects = hear(&mut state, ready_with(Backend::WebGpu, 100));
        assert_eq!(effects, [Effect::KeepPage, Effect::Send(Command::Load)]);
        hear(&mut state, decoded(1));
        let effects = hear(&mut state, loaded(Backend::WebGpu));
        let (turn, picture, question) = ask_effect(&effects).expect("it is asked again");
        assert_eq!((picture, question), (1, "What?"));
        assert!(state.turn.answering && state.turn.number == turn);
    }
}

#[test]
fn what_another_engine_must_download_waits_for_the_button() {
    let mut state = asked_on_a_gpu();
    hear(&mut state, lost());
    tell(&mut state, Input::Remedy(Remedy::Restart));
    assert_eq!(hear(&mut state, ready_with(Backend::WebGpu, 99)), [Effect::KeepPage]);
    hear(&mut state, decoded(1));
    assert_eq!(tell(&mut state, Input::Load), [Effect::Send(Command::Load)]);
    let effects = hear(&mut state, loaded(Backend::WebGpu));
    assert_eq!(ask_effect(&effects).map(|(_, _, question)| question), Some("What?"));
    // The next question is the visitor's own again.
    let turn = state.turn.number;
    hear(&mut state, Event::Done { turn });
    tell(&mut state, Input::Ask("And?".into()));
    assert!(!state.turn.again);
}

#[test]
fn a_question_that_may_stop_engines_is_asked_again_once() {
    let mut state = asked_on_a_gpu();
    for again in [true, false] {
        hear(&mut state, lost());
        tell(&mut state, Input::Remedy(Remedy::Restart));
        hear(&mut state, ready_with(Backend::WebGpu, 100));
        hear(&mut state, decoded(1));
        let effects = hear(&mut state, loaded(Backend::WebGpu));
        assert_eq!(ask_effect(&effects).is_some(), again);
    }
    // Nor one that the visitor was stopping.
    let mut state = asked_on_a_gpu();
    tell(&mut state, Input::Stop);
    hear(&mut state, lost());
    assert_eq!(state.resume.clone().unwrap_or_default().question, None);
    assert!(words::comes_back(&state).ends_with("come back by themselves."));
}

#[test]
fn a_question_is_not_asked_again_about_another_picture() {
    // Chosen after the engine's end.
    let mut state = asked_on_a_gpu();
    hear(&mut state, lost());
    give(&mut state, 2);
    tell(&mut state, Input::Remedy(Remedy::Restart));
    hear(&mut state, ready_with(Backend::WebGpu, 100));
    hear(&mut state, decoded(2));
    assert_eq!(ask_effect(&hear(&mut state, loaded(Backend::WebGpu))), None);

    // On its way at the engine's end; then a question that waited for it is asked about it alone.
    for refused in [false, true] {
        let mut state = asked_on_a_gpu();
        let turn = state.turn.number;
        hear(&mut state, Event::Done { turn });
        give(&mut state, 2);
        tell(&mut state, Input::Ask("This one?".into()));
        hear(&mut state, lost());
        tell(&mut state, Input::Remedy(Remedy::Restart));
        hear(&mut state, ready_with(Backend::WebGpu, 100));
        match refused {
            true => hear(
                &mut state,
                Event::PictureRefused {
                    picture: 2,
                    sentence: "No picture.".into(),
                },
            ),
            false => hear(&mut state, decoded(2)),
        };
        let effects = hear(&mut state, loaded(Backend::WebGpu));
        let asked = ask_effect(&effects).map(|(_, picture, question)| (picture, question));
        assert_eq!(asked, (!refused).then_some((2, "This one?")));
    }
}

#[test]
fn a_cancelled_load_brings_nothing_back() {
    let mut state = asked_on_a_gpu();
    hear(&mut state, lost());
    tell(&mut state, Input::Remedy(Remedy::Restart));
    hear(&mut state, ready_with(Backend::WebGpu, 100));
    tell(&mut state, Input::Cancel);
    hear(&mut state, Event::Cancelled);
    assert_eq!(state.resume, None);
}

#[test]
fn answers_that_do_not_end_are_said_and_another_engine_is_offered() {
    let mut state = asked_on_a_gpu();
    let turn = state.turn.number;
    let stop = || Effect::Send(Command::Stop { turn });
    let effects = tell(&mut state, Input::Stop);
    assert_eq!(effects, [stop(), remind(20, Reminder::Stop(turn))]);
    assert_eq!(tell(&mut state, Input::Stop), [stop()], "one reminder is enough");
    tell(&mut state, Input::Reminded(Reminder::Stop(turn)));
    let problem = state.problem.clone().expect("it is said");
    assert_eq!(
        (problem.remedy, problem.other),
        (Some(Remedy::Restart), Some(Remedy::Processor))
    );
    // It had only taken long.
    hear(&mut state, Event::Done { turn });
    assert_eq!(state.problem, None);
    tell(&mut state, Input::Reminded(Reminder::Stop(turn)));
    assert_eq!(state.problem, None, "a turn that has ended is not stuck");
}

#[test]
fn a_gpu_that_compiles_for_ever_is_said_and_another_engine_is_offered() {
    let compiling = |model: &str| Event::Compiling { model: model.into() };
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::WebGpu));
    tell(&mut state, Input::Load);
    assert_eq!(hear(&mut state, compiling("a")), [remind(90, Reminder::Prepare(1, 1))]);
    assert_eq!(hear(&mut state, compiling("b")), [remind(90, Reminder::Prepare(1, 2))]);
    tell(&mut state, Input::Reminded(Reminder::Prepare(1, 1)));
    assert_eq!(state.problem, None, "that one is done");
    tell(&mut state, Input::Reminded(Reminder::Prepare(1, 2)));
    assert!(state.problem.is_some());
    hear(&mut state, loaded(Backend::WebGpu));
    assert_eq!(state.problem, None, "it had only taken long");
    // A GPU in software takes minutes, and the page says so before.
    let mut state = State::default();
    let mut event = ready(Backend::WebGpu);
    if let Event::Ready { machine, .. } = &mut event {
        machine.software = true;
    }
    hear(&mut state, event);
    tell(&mut state, Input::Load);
    assert_eq!(hear(&mut state, compiling("a")), []);
}

fn taken_away() -> Event {
    Event::Broken {
        sentence: "The GPU was taken away.".into(),
        remedy: sightline_messages::Remedy::Resume,
    }
}

fn text(state: &State, text: &str) -> Event {
    Event::Text {
        turn: state.turn.number,
        model: "a".into(),
        text: text.into(),
    }
}

/// The next engine is there with all parts, decodes and loads; gives what that asks for.
fn back(state: &mut State, backend: Backend) -> Vec<Effect> {
    assert!(hear(state, ready_with(backend, 100)).contains(&Effect::Send(Command::Load)));
    hear(state, decoded(1));
    hear(state, loaded(backend))
}

#[test]
fn a_question_goes_on_after_a_lost_device_and_streams_further() {
    let mut state = asked_on_a_gpu();
    let event = text(&state, "a long");
    hear(&mut state, event);
    let effects = hear(&mut state, taken_away());
    assert!(effects.contains(&Effect::StartEngine(Wish::Auto)) && effects.contains(&Effect::GiveAgain(1)));
    assert_eq!((state.problem.clone(), state.losses), (None, 1));
    let effects = back(&mut state, Backend::WebGpu);
    assert_eq!(ask_effect(&effects).map(|(_, _, question)| question), Some("What?"));
    // What was there stays until there is more.
    for (piece, shown) in [
        ("a", "a long"),
        (" long", "a long"),
        (" tail", "a long tail"),
        ("!", "a long tail!"),
    ] {
        let event = text(&state, piece);
        hear(&mut state, event);
        assert_eq!(state.turn.panes[0].text, shown);
    }
    // Another answer than before replaces it at once.
    hear(&mut state, taken_away());
    back(&mut state, Backend::WebGpu);
    let event = text(&state, "no");
    hear(&mut state, event);
    assert_eq!(state.turn.panes[0].text, "no");
}

#[test]
fn a_third_loss_in_a_row_leaves_the_gpu() {
    let mut state = asked_on_a_gpu();
    for wish in [Wish::Auto, Wish::Auto, Wish::Cpu] {
        let effects = hear(&mut state, taken_away());
        assert!(effects.contains(&Effect::StartEngine(wish)));
        let backend = if wish == Wish::Cpu {
            Backend::Cpu
        } else {
            Backend::WebGpu
        };
        assert!(ask_effect(&back(&mut state, backend)).is_some());
    }
    assert!(state.notices.iter().any(|said| said.contains("your processor goes on")));
    // Answers that come to their end begin the count anew.
    let mut state = asked_on_a_gpu();
    for _ in 0..4 {
        assert!(hear(&mut state, taken_away()).contains(&Effect::StartEngine(Wish::Auto)));
        back(&mut state, Backend::WebGpu);
        let turn = state.turn.number;
        hear(&mut state, Event::Done { turn });
        tell(&mut state, Input::Ask("And?".into()));
    }
}

#[test]
fn a_download_goes_on_after_a_lost_device_if_parts_are_kept() {
    for (store, goes_on) in [(Store::Opfs, true), (Store::Memory, false)] {
        let mut state = State::default();
        tell(&mut state, Input::Opened(None));
        let mut event = ready(Backend::WebGpu);
        if let Event::Ready { store: kept, .. } = &mut event {
            *kept = store;
        }
        hear(&mut state, event);
        tell(&mut state, Input::Load);
        let effects = hear(&mut state, taken_away());
        assert_eq!(effects.contains(&Effect::StartEngine(Wish::Auto)), goes_on);
        assert_eq!(state.problem.is_none(), goes_on);
        if goes_on {
            let effects = hear(&mut state, ready_with(Backend::WebGpu, 60));
            assert!(effects.contains(&Effect::Send(Command::Load)), "it was agreed to");
        }
    }
    // Nothing was loaded: nothing has to be agreed to.
    let mut state = State::default();
    tell(&mut state, Input::Opened(None));
    hear(&mut state, ready(Backend::WebGpu));
    assert!(hear(&mut state, taken_away()).contains(&Effect::StartEngine(Wish::Auto)));
    assert_eq!(hear(&mut state, ready(Backend::WebGpu)), [Effect::KeepPage]);
}
