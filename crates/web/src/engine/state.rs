//! What the engine holds between two commands. The commands are carried out by the modules above:
//! `hello`, `load`, `answer` and `measure`, which `commands` chooses from.

use std::rc::Rc;

use sightline_checkpoint::bundle::Bundle;
use sightline_kernels::Device;
use sightline_messages::{Event, Machine, Remedy};

use super::arms::Arms;
use super::attached::Attached;
use super::download::Place;
#[cfg(feature = "evaluate")]
use super::evaluations::Evaluations;
use super::outbox::Outbox;
use super::picture::Pictures;
use super::signals::{Cancel, Stop};
use super::store::Store;

/// The engine between two commands.
pub(super) struct State {
    pub(super) outbox: Outbox,
    pub(super) stop: Stop,
    /// Looks inside that the visitor stopped.
    pub(super) looks: Stop,
    /// Whether the measurement of encoders was ended.
    pub(super) sweeping: Cancel,
    pub(super) cancel: Cancel,
    /// Absent before the greeting.
    pub(super) opened: Option<Opened>,
    /// Absent before the models are loaded.
    pub(super) arms: Option<Arms>,
    pub(super) pictures: Pictures,
    /// Files that came beside the last command.
    pub(super) attached: Attached,
    /// Number of questions that were answered. It decides the order of the models.
    pub(super) turns: usize,
    #[cfg(feature = "evaluate")]
    pub(super) evaluations: Evaluations,
}

/// What the greeting found.
pub(super) struct Opened {
    /// Address of `bundle.json`.
    pub(super) url: String,
    pub(super) bundle: Rc<Bundle>,
    pub(super) device: Device,
    pub(super) machine: Machine,
    pub(super) store: Store,
    /// Whether the models are the page's own.
    pub(super) own: bool,
    /// Whether encoders stay in 32 bits.
    pub(super) whole: bool,
}

impl Opened {
    /// Where parts are that the store has not.
    pub(super) fn place(&self) -> Place<'_> {
        match self.store.kind() {
            sightline_messages::Store::Folder => Place::Folder,
            _ if self.own => Place::Page(&self.url),
            _ => Place::Address(&self.url),
        }
    }
}

impl State {
    pub(super) fn new(
        outbox: Outbox,
        (stop, looks, sweeping, cancel): (Stop, Stop, Cancel, Cancel),
        pictures: Pictures,
        attached: Attached,
    ) -> Self {
        Self {
            outbox,
            stop,
            looks,
            sweeping,
            cancel,
            opened: None,
            arms: None,
            pictures,
            attached,
            turns: 0,
            #[cfg(feature = "evaluate")]
            evaluations: Evaluations::default(),
        }
    }

    /// Tells the page that the engine cannot go on.
    pub(super) fn broken(&self, sentence: String, remedy: Remedy) {
        self.outbox.send(&Event::Broken { sentence, remedy });
    }
}
