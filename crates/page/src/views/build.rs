//! A question put together: its kind, and one of the names that the models know.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

use super::{Now, View};
use crate::compose::{KINDS, question};
use crate::dom::{by_id, focus, make, on, on_id, put, set_text};
use crate::fetch::{in_time, json};

thread_local! {
    /// Each name with its synonyms; empty until the list is here.
    static NAMES: RefCell<Vec<Vec<String>>> = const { RefCell::new(Vec::new()) };
}

/// It only fills the box of the question: nothing of the state is shown.
pub(super) struct Build;

impl Build {
    pub(super) fn open() -> Self {
        if let Some(list) = by_id::<HtmlElement>("kinds") {
            for (id, text, _) in KINDS {
                let Some(button) = make("button", "", text) else {
                    continue;
                };
                let _ = button.set_attribute("type", "button");
                on(&button, "click", |_| build(id));
                put(&list, Some(button));
            }
        }
        // The list is long, and not every visitor wants it.
        let fetched = RefCell::new(false);
        on_id("thing", "focus", move |_| {
            if !fetched.replace(true) {
                in_time(json::<Vec<Vec<String>>>("names.json"), |found| {
                    list(found.unwrap_or_default())
                });
            }
        });
        Self
    }
}

impl View for Build {
    fn show(&mut self, _: &Now<'_>) {}
}

fn list(names: Vec<Vec<String>>) {
    let Some(options) = by_id::<HtmlElement>("names") else {
        return;
    };
    for name in &names {
        for word in name {
            let Some(option) = make("option", "", "") else { return };
            let _ = option.set_attribute("value", word);
            if word != &name[0] {
                let _ = option.set_attribute("label", &format!("{word}: {}", name[0]));
            }
            put(&options, Some(option));
        }
    }
    NAMES.set(names);
}

fn typed(id: &str) -> String {
    by_id::<HtmlInputElement>(id)
        .map(|input| input.value())
        .unwrap_or_default()
}

/// The models' own word for what was typed, if they have one.
fn known(typed: &str) -> Option<String> {
    let is = |word: &String| word.eq_ignore_ascii_case(typed);
    NAMES.with_borrow(|names| {
        names
            .iter()
            .find(|name| name.iter().any(is))
            .map(|name| name[0].clone())
    })
}

/// Writes the question into the box, or says what is missing.
fn build(kind: &str) {
    let (thing, other) = (typed("thing").trim().to_owned(), typed("other").trim().to_owned());
    let word = |typed: &str| known(typed).unwrap_or_else(|| typed.to_owned());
    let Some(text) = question(kind, &word(&thing), &word(&other)) else {
        let missing = if thing.is_empty() { "thing" } else { "other" };
        set_text("build-note", "Name a thing first: type, or choose from the list.");
        return focus(missing);
    };
    let strange = |typed: &str| {
        let loaded = NAMES.with_borrow(|names| !names.is_empty());
        loaded && !typed.is_empty() && known(typed).is_none()
    };
    let note = match strange(&thing) {
        true => "The models were not trained on that name: their answer may mean little.",
        false => "",
    };
    set_text("build-note", note);
    if let Some(input) = by_id::<HtmlInputElement>("question") {
        input.set_value(&text);
        let _ = input.unchecked_ref::<HtmlElement>().focus();
    }
}
