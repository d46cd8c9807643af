//! Questions of before: shown again, copied, saved.

use js_sys::JSON;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::address::clipboard;
use crate::dom::{by_id, clear, make, on, on_id, put, set_text, show};
use crate::inbox::tell;
use crate::state::{Past, State};
use crate::update::Input;

#[derive(Default)]
pub(super) struct History {
    /// Number of the last turn, and how many there are.
    seen: Seen<(u32, usize)>,
}

impl History {
    pub(super) fn open() -> Self {
        on_id("copy-history", "click", |_| {
            let text = by_id::<HtmlElement>("past")
                .map(|list| list.inner_text())
                .unwrap_or_default();
            spawn_local(async move {
                let note = match clipboard(&text).await {
                    true => "Copied.",
                    false => "This browser has no clipboard here. Select the text and copy it.",
                };
                set_text("history-note", note);
            });
        });
        on_id("save-history", "click", |_| tell(Input::SaveHistory));
        Self::default()
    }
}

impl View for History {
    fn show(&mut self, now: &Now<'_>) {
        let history = &now.state.history;
        let last = history.last().map_or(0, |past| past.turn.number);
        if !self.seen.is_new((last, history.len())) {
            return;
        }
        show("history", !history.is_empty());
        set_text("history-title", &format!("Asked so far ({})", history.len()));
        set_text("history-note", "");
        let Some(list) = by_id::<HtmlElement>("past") else {
            return;
        };
        clear(&list);
        // The newest first.
        for (index, past) in history.iter().enumerate().rev() {
            put(&list, item(now.state, index, past));
        }
    }
}

fn item(state: &State, index: usize, past: &Past) -> Option<HtmlElement> {
    let item = make("li", "", "")?;
    let button = make("button", "", &format!("{}: {}", past.chosen.name, past.turn.question))?;
    let _ = button.set_attribute("type", "button");
    on(&button, "click", move |_| tell(Input::Revisit(index)));
    put(&item, Some(button));
    for pane in past.turn.panes.iter().filter(|pane| !pane.text.is_empty()) {
        put(
            &item,
            make("p", "", &format!("{}: {}", state.model_name(&pane.model), pane.text)),
        );
    }
    Some(item)
}

/// All of it as JSON.
pub(crate) fn json(history: &[Past]) -> Option<Vec<u8>> {
    let value = serde_wasm_bindgen::to_value(history).ok()?;
    Some(String::from(JSON::stringify(&value).ok()?).into_bytes())
}
