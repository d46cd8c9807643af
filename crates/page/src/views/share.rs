//! The buttons that copy a link to what is shown.

use super::{Now, Seen, View};
use crate::dom::{on_id, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::update::Input;
use crate::update::link::{is_own, is_shareable};

#[derive(Default)]
pub(super) struct Share {
    shareable: Seen<bool>,
    own: Seen<bool>,
    note: Seen<String>,
}

impl Share {
    pub(super) fn open() -> Self {
        on_id("copy-link", "click", |_| tell(Input::Share { picture: false }));
        on_id("copy-picture", "click", |_| tell(Input::Share { picture: true }));
        Self::default()
    }
}

impl View for Share {
    fn show(&mut self, now: &Now<'_>) {
        let shareable = is_shareable(now.state);
        if self.shareable.is_new(shareable) {
            set_disabled("copy-link", !shareable);
            set_disabled("copy-picture", !shareable);
        }
        let own = is_own(now.state);
        if self.own.is_new(own) {
            show("copy-picture", own);
        }
        if self.note.is_new(now.state.share_note.clone()) {
            set_text("share-note", &now.state.share_note);
        }
    }
}
