//! What a visitor ends. It overtakes the commands, so that the work under way learns of it.

use std::cell::Cell;
use std::rc::Rc;

/// The turn that the visitor stopped last.
#[derive(Clone, Default)]
pub(super) struct Stop(Rc<Cell<Option<u32>>>);

impl Stop {
    /// Ends the answers of this turn, and of those before it.
    pub(super) fn ask(&self, turn: u32) {
        self.0.set(Some(turn));
    }

    /// Whether this turn was ended.
    pub(super) fn asked(&self, turn: u32) -> bool {
        self.0.get().is_some_and(|stopped| stopped >= turn)
    }
}

/// Whether the visitor ended the download that is running.
#[derive(Clone, Default)]
pub(super) struct Cancel(Rc<Cell<bool>>);

impl Cancel {
    /// Ends the download, or says that the next one goes on.
    pub(super) fn set(&self, cancelled: bool) {
        self.0.set(cancelled);
    }

    /// Whether it was ended.
    pub(super) fn asked(&self) -> bool {
        self.0.get()
    }
}
