//! The camera: one frame, and frame after frame.

use super::*;
use crate::camera::{CameraEffect, CameraInput, Phase as CameraPhase};

const SHOOT: Effect = Effect::Camera(CameraEffect::Shoot);
const CLOSE: Effect = Effect::Camera(CameraEffect::Close);

fn act(state: &mut State, input: CameraInput) -> Vec<Effect> {
    tell(state, Input::Camera(input))
}

fn opened() -> State {
    let mut state = asked_about_one();
    assert_eq!(act(&mut state, CameraInput::Open), [Effect::Camera(CameraEffect::Open)]);
    assert_eq!(act(&mut state, CameraInput::Open), [], "it is asked for once");
    assert_eq!(act(&mut state, CameraInput::Opened), []);
    state
}

/// A frame comes and is decoded; what is done then.
fn frame(state: &mut State, number: u32) -> Vec<Effect> {
    let bytes = vec![7];
    let effects = act(state, CameraInput::Frame { number, bytes });
    assert_eq!(effects, [Effect::Give { number, bytes: vec![7] }]);
    hear(state, decoded(number))
}

fn done(state: &mut State) -> Vec<Effect> {
    let turn = state.turn.number;
    hear(state, Event::Done { turn })
}

#[test]
fn a_frame_becomes_the_picture() {
    let mut state = opened();
    assert_eq!(act(&mut state, CameraInput::Shoot), [SHOOT]);
    assert_eq!(act(&mut state, CameraInput::Shoot), [], "one at a time");
    let effects = frame(&mut state, 2);
    assert_eq!(ask_effect(&effects), None);
    assert_eq!(state.picture.shown.as_ref().map(|shown| shown.chosen.number), Some(2));
    assert_eq!(act(&mut state, CameraInput::Close), [CLOSE]);
    assert_eq!(act(&mut state, CameraInput::Close), []);
    // A frame that was on its way is not wanted any more.
    let bytes = vec![8];
    assert_eq!(act(&mut state, CameraInput::Frame { number: 3, bytes }), []);
}

#[test]
fn live_every_new_frame_is_asked_until_it_is_paused_or_stopped() {
    let mut state = opened();
    act(&mut state, CameraInput::Live(" ".into()));
    assert!(state.camera.note.contains("question"), "{}", state.camera.note);
    assert_eq!(act(&mut state, CameraInput::Live("What?".into())), [SHOOT]);
    for number in 2..5 {
        let effects = frame(&mut state, number);
        let (_, picture, question) = ask_effect(&effects).expect("it is asked");
        assert_eq!((picture, question), (number, "What?"));
        // The next frame waits for the answers.
        assert!(!effects.contains(&SHOOT));
        let turn = state.turn.number;
        hear(
            &mut state,
            Event::Answered {
                turn,
                answer: answer_of("a", "cat"),
            },
        );
        assert!(done(&mut state).contains(&SHOOT));
    }
    assert_eq!(state.camera.frames, 3);
    assert_eq!(state.history, [], "frames do not push out what was asked");
    frame(&mut state, 5);
    act(&mut state, CameraInput::Pause(true));
    assert!(!done(&mut state).contains(&SHOOT), "paused");
    assert_eq!(act(&mut state, CameraInput::Pause(false)), [SHOOT]);
    frame(&mut state, 6);
    let effects = tell(&mut state, Input::Stop);
    assert!(matches!(effects[0], Effect::Send(Command::Stop { .. })), "{effects:?}");
    assert!(!done(&mut state).contains(&SHOOT), "stopped");
    assert_eq!((state.camera.phase, state.camera.live.clone()), (CameraPhase::On, None));
}

#[test]
fn a_camera_that_fails_ends_what_was_asked_of_it() {
    let mut state = opened();
    act(&mut state, CameraInput::Live("What?".into()));
    frame(&mut state, 2);
    let sentence = "The camera has gone away.".to_owned();
    let effects = act(&mut state, CameraInput::Failed(sentence.clone()));
    assert!(effects.contains(&CLOSE), "{effects:?}");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send(Command::Stop { .. })))
    );
    assert_eq!(
        (state.camera.note.clone(), state.camera.phase),
        (sentence, CameraPhase::Off)
    );
    assert!(!done(&mut state).contains(&SHOOT));
}

#[test]
fn a_refusal_is_said_and_a_late_camera_is_let_go() {
    let mut state = State::default();
    act(&mut state, CameraInput::Open);
    act(
        &mut state,
        CameraInput::Failed("This page may not use the camera.".into()),
    );
    assert_eq!(state.camera.phase, CameraPhase::Off);
    act(&mut state, CameraInput::Open);
    assert!(state.camera.note.is_empty());
    act(&mut state, CameraInput::Close);
    assert_eq!(act(&mut state, CameraInput::Opened), [CLOSE]);
}
