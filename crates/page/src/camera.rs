//! The visitor's camera, as plain data.

use serde::{Deserialize, Serialize};

/// What the camera does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Camera {
    pub(crate) phase: Phase,
    /// The question that every new frame is asked.
    pub(crate) live: Option<String>,
    /// No further frame is asked until the visitor goes on.
    pub(crate) paused: bool,
    /// A frame was asked for and has not come.
    pub(crate) shooting: bool,
    /// Frames that were answered live.
    pub(crate) frames: u32,
    /// What is wrong with it.
    pub(crate) note: String,
}

impl Camera {
    /// The visitor stops everything, or the engine has stopped: no further frame is asked.
    pub(crate) fn stop(&mut self) {
        (self.live, self.paused) = (None, false);
    }
}

/// Whether it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    #[default]
    Off,
    /// The browser asks the visitor.
    Asking,
    On,
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CameraInput {
    /// The visitor opens it.
    Open,
    /// Its picture is there.
    Opened,
    /// It is not there, or not any more: a sentence.
    Failed(String),
    /// The visitor takes a picture.
    Shoot,
    /// A frame is here.
    Frame {
        /// A new number of a picture.
        number: u32,
        /// A JPEG file.
        bytes: Vec<u8>,
    },
    /// The visitor asks every new frame this question.
    Live(String),
    /// No further frame is asked, or they go on.
    Pause(bool),
    /// The visitor closes it.
    Close,
}

/// What the browser has to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CameraEffect {
    /// Ask for it and show it.
    Open,
    /// Take a frame.
    Shoot,
    /// Let go of it.
    Close,
}
