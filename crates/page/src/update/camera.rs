//! The camera: one frame, or frame after frame.

use super::effect::Effect;
use super::{picture, turn};
use crate::camera::{Camera, CameraEffect, CameraInput, Phase};
use crate::state::{Chosen, State};

/// Something happens to the camera.
pub(super) fn input(state: &mut State, input: CameraInput) -> Vec<Effect> {
    let camera = &mut state.camera;
    match input {
        CameraInput::Open if camera.phase == Phase::Off => {
            *camera = Camera {
                phase: Phase::Asking,
                ..Camera::default()
            };
            return vec![Effect::Camera(CameraEffect::Open)];
        }
        // Closed while the browser asked.
        CameraInput::Opened if camera.phase == Phase::Off => return vec![Effect::Camera(CameraEffect::Close)],
        CameraInput::Opened => camera.phase = Phase::On,
        CameraInput::Failed(sentence) => {
            let mut effects = close(state);
            state.camera.note = sentence;
            effects.extend(stop_turn(state));
            return effects;
        }
        CameraInput::Close => {
            let live = camera.live.is_some();
            let mut effects = close(state);
            if live {
                effects.extend(stop_turn(state));
            }
            return effects;
        }
        CameraInput::Shoot => {
            camera.live = None;
            return shoot(state);
        }
        CameraInput::Frame { number, bytes } => return frame(state, number, bytes),
        CameraInput::Live(question) => return live(state, question),
        CameraInput::Pause(pause) => {
            camera.paused = pause;
            return next(state);
        }
        CameraInput::Open => {}
    }
    Vec::new()
}

/// Lets go of the camera.
fn close(state: &mut State) -> Vec<Effect> {
    let was = std::mem::take(&mut state.camera).phase;
    match was {
        Phase::Off => Vec::new(),
        Phase::Asking | Phase::On => vec![Effect::Camera(CameraEffect::Close)],
    }
}

/// Ends the answers about a frame.
fn stop_turn(state: &mut State) -> Vec<Effect> {
    turn::stop(state)
}

fn shoot(state: &mut State) -> Vec<Effect> {
    let camera = &mut state.camera;
    if camera.phase != Phase::On || camera.shooting {
        return Vec::new();
    }
    camera.shooting = true;
    vec![Effect::Camera(CameraEffect::Shoot)]
}

/// The visitor asks every new frame a question.
fn live(state: &mut State, question: String) -> Vec<Effect> {
    if state.camera.phase != Phase::On {
        return Vec::new();
    }
    if state.loaded().is_none() {
        state.camera.note = "Load the models first: then every new frame is asked.".into();
        return Vec::new();
    }
    if question.trim().is_empty() {
        state.camera.note = "Type a question first: it is asked of every new frame.".into();
        return Vec::new();
    }
    let camera = &mut state.camera;
    camera.note.clear();
    (camera.paused, camera.frames) = (false, 0);
    camera.live = Some(question);
    next(state)
}

/// The next frame, if it is time for one.
pub(super) fn next(state: &mut State) -> Vec<Effect> {
    let camera = &state.camera;
    let busy = state.turn.answering || state.held.is_some() || state.picture.coming.is_some();
    if camera.live.is_none() || camera.paused || busy {
        return Vec::new();
    }
    shoot(state)
}

/// A frame becomes the picture; live, it is asked at once.
fn frame(state: &mut State, number: u32, bytes: Vec<u8>) -> Vec<Effect> {
    let camera = &mut state.camera;
    if !std::mem::take(&mut camera.shooting) {
        return Vec::new();
    }
    let live = camera.live.clone().filter(|_| !camera.paused);
    let questions = state.suggestions.clone();
    picture::chosen(
        state,
        Chosen {
            number,
            name: "a picture of the camera".into(),
            gallery: None,
            // What was suggested for the frame before fits this one as well.
            questions: if live.is_some() { questions } else { Vec::new() },
        },
    );
    state.held = live;
    picture::arrived(state, number, bytes)
}

/// The answers about a frame have ended.
pub(super) fn answered(state: &mut State) -> Vec<Effect> {
    if state.camera.live.is_some() {
        state.camera.frames += 1;
    }
    next(state)
}
