//! The buttons that copy a link to what is shown, and the text to paste.

use sightline_link::Address;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlTextAreaElement;

use super::{Now, Seen, View};
use crate::address;
use crate::dom::{by_id, on_id, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::state::{Sharing, State};
use crate::update::Input;
use crate::update::link::{is_own, is_shareable};

/// Boxes with text to paste, and their buttons.
const TEXTS: [[&str; 2]; 3] = [
    ["cite-html", "copy-html"],
    ["cite-markdown", "copy-markdown"],
    ["cite-bibtex", "copy-bibtex"],
];

#[derive(Default)]
pub(super) struct Share {
    shareable: Seen<bool>,
    again: Seen<bool>,
    own: Seen<bool>,
    sharing: Seen<(Sharing, String)>,
}

impl Share {
    pub(super) fn open() -> Self {
        on_id("copy-link", "click", |_| tell(Input::Share { picture: false }));
        on_id("copy-picture", "click", |_| tell(Input::Share { picture: true }));
        on_id("save-card", "click", |_| tell(Input::Card));
        on_id("again", "click", |_| tell(Input::Again));
        on_id("cite-button", "click", |_| tell(Input::Cite));
        for [text, button] in TEXTS {
            on_id(button, "click", move |_| copy(text));
        }
        Self::default()
    }
}

impl View for Share {
    fn show(&mut self, now: &Now<'_>) {
        let shareable = is_shareable(now.state);
        if self.shareable.is_new(shareable) {
            for button in ["copy-link", "copy-picture", "cite-button", "save-card"] {
                set_disabled(button, !shareable);
            }
        }
        let state = now.state;
        let again = state.loaded().is_some() && !state.turn.question.is_empty() && !state.turn.answering;
        if self.again.is_new(again) {
            set_disabled("again", !again);
        }
        let own = is_own(now.state);
        if self.own.is_new(own) {
            show("copy-picture", own);
        }
        let sharing = (now.state.sharing.clone(), now.state.turn.question.clone());
        if self.sharing.is_new(sharing) {
            shared(now.state);
        }
    }
}

fn shared(state: &State) {
    let Sharing { made, note, citing } = &state.sharing;
    set_text("share-note", note);
    let address = made
        .as_ref()
        .and_then(|made| Address::new(&address::page()?, &made.fragment).ok());
    let cited = address.filter(|_| *citing);
    let expanded = if cited.is_some() { "true" } else { "false" };
    set_attribute("cite-button", "aria-expanded", Some(expanded));
    show("cite", cited.is_some());
    let texts = cited.map(|address| {
        let question = &state.turn.question;
        [address.frame(question), address.markdown(question), address.bibtex()]
    });
    for ([id, _], text) in TEXTS.iter().zip(texts.unwrap_or_default()) {
        if let Some(area) = by_id::<HtmlTextAreaElement>(id) {
            area.set_value(&text);
        }
    }
    set_text("cite-note", "");
}

/// Copies a text to paste; without a clipboard it is marked, ready to be copied.
fn copy(id: &'static str) {
    let Some(area) = by_id::<HtmlTextAreaElement>(id) else {
        return;
    };
    area.select();
    spawn_local(async move {
        let words = match address::clipboard(&area.value()).await {
            true => "Copied.",
            false => "The text is marked: copy it with the keyboard.",
        };
        set_text("cite-note", words);
    });
}
