//! What can happen.

use sightline_link::Shared;
use sightline_messages::{Event, Wish};

use crate::camera::CameraInput;
use crate::judging::Judge;
use crate::lab::input as lab;
use crate::looking::LookInput;
use crate::mark::Mark;
use crate::marks::BoxMark;
use crate::own::OwnInput;
use crate::recorded::Recorded;
use crate::settings::Setting;
use crate::state::{Chosen, MadeLink, Remedy, Saved};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The page is there; the device that its address asks for, if it does.
    Opened(Option<Wish>),
    /// The engine said something.
    Heard(Event),
    /// What was remembered before a reload.
    Restored {
        /// A new [`Chosen::number`].
        number: u32,
        /// What was remembered.
        saved: Saved,
    },
    /// The time of an [`Effect::Remind`](super::Effect::Remind) is over.
    Reminded(Reminder),
    /// The button that loads the models, or loads them again.
    Load,
    /// The button that ends a download.
    Cancel,
    /// The button that removes downloads.
    Forget,
    /// Something that only a page of the second module has.
    Lab(lab::Input),
    /// An earlier visit ended while models were loading.
    Left(Mark),
    /// A button beside a problem.
    Remedy(Remedy),
    /// A picture was chosen; its bytes follow.
    Chosen(Chosen),
    /// What the gallery says of a picture that a link has named.
    Listed(Chosen),
    /// The bytes of a picture that was chosen.
    Bytes {
        /// [`Chosen::number`].
        number: u32,
        /// The file.
        bytes: Vec<u8>,
    },
    /// A picture that was chosen has no bytes, or none that help.
    Unreadable {
        /// [`Chosen::number`].
        number: u32,
        /// Why, and what would help.
        sentence: String,
    },
    /// What was dropped, pasted or opened is no picture at all.
    NoPicture(String),
    /// Something in the look inside.
    Look(LookInput),
    /// Something worth knowing about what the visitor did.
    Remark(String),
    /// The visitor asks what is written in the box.
    Ask(String),
    /// The visitor pressed a question to try.
    Try(String),
    /// The visitor ends the answers.
    Stop,
    /// The visitor asks the same question again.
    Again,
    /// The visitor switches boxes, or looks at an answer.
    Mark(BoxMark),
    /// Something of the camera.
    Camera(CameraInput),
    /// The visitor saves what is shown as a picture.
    Card,
    /// Models other than the page's own.
    Own(OwnInput),
    /// The visitor sets how the models are asked.
    Set(Setting),
    /// Answers that were computed before the visit.
    Recorded(Box<Recorded>),
    /// A picture to begin with.
    Featured(Chosen),
    /// The visitor goes back to a question of before, by its place.
    Revisit(usize),
    /// The visitor saves the questions of before.
    SaveHistory,
    /// The visitor says what is true.
    Judge(Judge),
    /// The visitor asks here what is shown as recorded.
    RunHere,
    /// The page's address holds a result.
    Linked {
        /// A new [`Chosen::number`].
        number: u32,
        /// The result.
        shared: Box<Shared>,
    },
    /// The page's address holds no result, though it should: a sentence that says why.
    NotLinked(String),
    /// The hash of a picture that a link may be about.
    Hashed {
        /// The page's number of the picture.
        number: u32,
        /// In hex.
        sha256: String,
    },
    /// The visitor asks for a link to what is shown, and for a visitor's own `picture` in it.
    Share {
        /// Whether the link holds the picture.
        picture: bool,
    },
    /// The visitor asks for text to paste into pages and papers, or has seen enough of it.
    Cite,
    /// A link to what is shown, which is in the page's address.
    Made(MadeLink),
    /// There is no link: a sentence that says why.
    NotMade(String),
    /// Whether the link is in the clipboard.
    Copied(bool),
}

/// What should have happened by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reminder {
    /// The engine of this number has come.
    Start(u32),
    /// The engine of the first number has prepared the model of the second one.
    Prepare(u32, usize),
    /// The answers of this turn have ended.
    Stop(u32),
}
