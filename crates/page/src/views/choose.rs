//! Beside the picture: which one is coming, and what is wrong with the one that was given.

use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, set_text, show};
use crate::state::{Engine, Shown};

#[derive(Default)]
pub(super) struct Choose {
    note: Seen<String>,
    coming: Seen<Option<String>>,
    shown: Seen<Option<Shown>>,
}

impl View for Choose {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        if self.note.is_new(state.picture_note.clone()) {
            set_text("picture-note", &state.picture_note);
        }
        // Live, pictures come one after the other: nothing need be said of each.
        let live = state.camera.live.is_some();
        let coming = state.picture.coming.as_ref().filter(|_| !live).map(|coming| {
            let name = match coming.name.chars().count() {
                0 => "the picture",
                // Whatever a file is called, the sentence stays one.
                1..=60 => &coming.name,
                _ => "your picture",
            };
            match state.engine {
                Engine::Ready => format!("Reading {name}…"),
                _ => format!("{name} is read as soon as the engine has started."),
            }
        });
        if self.coming.is_new(coming.clone()) {
            show("coming", coming.is_some());
            set_text("coming", coming.as_deref().unwrap_or_default());
        }
        if self.shown.is_new(state.picture.shown.clone())
            && let Some(drop) = by_id::<HtmlElement>("drop")
        {
            let filled = state.picture.shown.is_some();
            let _ = drop.class_list().toggle_with_force("filled", filled);
        }
    }
}
