//! What has to be done about it.

use sightline_messages::{Command, Preview, Wish};

use super::input::Reminder;
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
    /// Put a link's fragment into the page's address and the link into the clipboard.
    Copy(String),
    /// Load the page anew.
    Reload,
}
