//! What stops nothing and is worth knowing.

use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, make, put};

#[derive(Default)]
pub(super) struct Notices {
    seen: Seen<Vec<String>>,
}

impl View for Notices {
    fn show(&mut self, now: &Now<'_>) {
        let notices = &now.state.notices;
        if !self.seen.is_new(notices.clone()) {
            return;
        }
        let Some(list) = by_id::<HtmlElement>("notices") else {
            return;
        };
        // Those that stay are left alone: a screen reader says what is new.
        let children = list.children();
        let mut there = Vec::new();
        for i in (0..children.length()).rev() {
            let Some(item) = children.item(i) else { continue };
            let text = item.text_content().unwrap_or_default();
            if notices.contains(&text) {
                there.push(text);
            } else {
                item.remove();
            }
        }
        for notice in notices.iter().filter(|notice| !there.contains(notice)) {
            put(&list, make("li", "", notice));
        }
    }
}
