//! What has to be done about it.

use sightline_link::Shared;
use sightline_messages::{Command, Preview, Wish};

use super::input::Reminder;
use crate::camera::CameraEffect;
use crate::settings::Kept;
use crate::state::Saved;

/// Something to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// End the engine that runs, if one does, and start another on that device.
    StartEngine(Wish),
    /// Tell the engine.
    Send(Command),
    /// Give the engine a picture, and keep the file for the next engine until another one is shown.
    Give {
        /// The page's number of the picture.
        number: u32,
        /// The file.
        bytes: Vec<u8>,
    },
    /// Give a new engine the picture that was kept.
    GiveAgain(u32),
    /// Keep the pixels to be drawn.
    Keep {
        /// The page's number of the picture.
        number: u32,
        /// Its pixels.
        preview: Preview,
    },
    /// Fetch a picture of the gallery; its bytes are [`Input::Bytes`](super::Input::Bytes).
    Fetch {
        /// The page's number of the picture.
        number: u32,
        /// Its id.
        id: String,
    },
    /// Remember this for a reload, in this tab alone.
    Remember(Saved),
    /// Keep the settings for a reload, in this tab alone.
    KeepSettings(Kept),
    /// Write a question into the box.
    Fill(String),
    /// Have the browser keep the page itself for visits without a network.
    KeepPage,
    /// Ask the browser not to remove what it keeps for this page.
    Persist,
    /// Say [`Input::Reminded`](super::Input::Reminded) after some time.
    Remind {
        /// How long, s.
        seconds: u32,
        /// What to say.
        of: Reminder,
    },
    /// Make a link and put it into the page's address; what came of it is
    /// [`Input::Made`](super::Input::Made).
    Link {
        /// What the link holds. A hash of the picture is left empty.
        shared: Box<Shared>,
        /// The page's number of the picture.
        number: u32,
        /// Whether the link holds the picture itself.
        picture: bool,
    },
    /// Put a link with this fragment into the clipboard: [`Input::Copied`](super::Input::Copied).
    Copy(String),
    /// Find out the hash of the picture of that number: [`Input::Hashed`](super::Input::Hashed).
    Hash(u32),
    /// Hand the visitor a file.
    Save {
        /// What it is called.
        name: String,
        /// Its MIME type.
        kind: String,
        /// What it holds.
        bytes: Vec<u8>,
    },
    /// Do something with the camera: [`Input::Camera`](super::Input::Camera).
    Camera(CameraEffect),
    /// Draw what a link to this would hold, with the picture that is seen, and save it. A failure
    /// is told as [`Input::Remark`](super::Input::Remark).
    Card(Box<Shared>),
    /// Save the questions of before as a file.
    SaveHistory,
    /// Load the page anew.
    Reload,
}
