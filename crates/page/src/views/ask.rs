//! The question: the box, the buttons, questions to try, and what is still missing.

use web_sys::{HtmlElement, HtmlInputElement};

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, focus, focused, make, on, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::state::State;
use crate::update::Input;

/// Between the picture and the question of a phone, px.
const GAP: i32 = 12;

#[derive(Default)]
pub(super) struct Ask {
    suggestions: Seen<Vec<String>>,
    note: Seen<String>,
    before: Seen<&'static str>,
    buttons: Seen<[bool; 3]>,
}

impl Ask {
    pub(super) fn open() -> Self {
        on_id("stop", "click", |_| tell(Input::Stop));
        on_id("ask", "submit", |event| {
            event.prevent_default();
            if let Some(input) = by_id::<HtmlInputElement>("question") {
                tell(Input::Ask(input.value()));
            }
        });
        Self::default()
    }
}

impl View for Ask {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        if self.suggestions.is_new(state.suggestions.clone()) {
            suggest(&state.suggestions);
            self.buttons = Seen::default();
        }
        if self.note.is_new(state.question_note.clone()) {
            set_text("question-note", &state.question_note);
            let invalid = (!state.question_note.is_empty()).then_some("true");
            set_attribute("question", "aria-invalid", invalid);
        }
        let before = before(state);
        if self.before.is_new(before) {
            set_text("before", before);
        }
        buttons(&mut self.buttons, state);
    }
}

fn buttons(seen: &mut Seen<[bool; 3]>, state: &State) {
    let asking = state.turn.answering || state.held.is_some();
    let some = state.picture.shown.is_some() || state.picture.coming.is_some();
    let can_ask = state.loaded().is_some() && some && !asking;
    if !seen.is_new([asking, can_ask, state.turn.stopping]) {
        return;
    }
    let focused = focused();
    set_disabled("send", !can_ask);
    show("send", !asking);
    show("stop", asking);
    set_text("stop", if state.turn.stopping { "Stopping…" } else { "Stop" });
    if asking && !state.turn.stopping && state.camera.live.is_none() && is_narrow() {
        below_picture();
    }
    // A button that goes takes the focus with it: whoever uses the keyboard goes on where the other
    // is.
    match (focused.as_deref(), asking) {
        (Some("send"), true) => focus("stop"),
        (Some("stop"), false) => focus("send"),
        _ => {}
    }
    if let Some(list) = by_id::<HtmlElement>("suggestions") {
        let chips = list.children();
        for i in 0..chips.length() {
            if let Some(chip) = chips.item(i) {
                let _ = chip.set_attribute("aria-disabled", if asking { "true" } else { "false" });
            }
        }
    }
}

/// Scrolls the question to just below the picture, which stays above it: the answers come below.
fn below_picture() {
    if let (Some(window), Some(form), Some(drop)) = (
        web_sys::window(),
        by_id::<HtmlElement>("ask"),
        by_id::<HtmlElement>("drop"),
    ) {
        let by = form.get_bounding_client_rect().top() - f64::from(drop.offset_height() + GAP);
        window.scroll_by_with_x_and_y(0.0, by);
    }
}

/// Whether this is a phone, as the style sheet sees it.
fn is_narrow() -> bool {
    let asked = web_sys::window().and_then(|window| window.match_media("(max-width: 40rem)").ok().flatten());
    asked.is_some_and(|asked| asked.matches())
}

/// The sentence about what is still missing.
fn before(state: &State) -> &'static str {
    let picture = state.picture.shown.is_some() || state.picture.coming.is_some();
    match (state.loaded().is_some(), state.is_loading(), picture) {
        // What helps stands with the problem.
        _ if state.problem.is_some() => "",
        _ if state.held.is_some() => "The question waits for its picture.",
        (true, _, true) => "",
        (true, _, false) => "Choose a picture, then ask.",
        (_, true, true) => "The models are coming; then you can ask.",
        (_, true, false) => "The models are coming; meanwhile choose a picture.",
        (_, _, true) => "Load the models, then ask.",
        (_, _, false) => "Load the models and choose a picture, then ask.",
    }
}

/// Questions to try; pressing one asks it.
fn suggest(questions: &[String]) {
    let Some(list) = by_id::<HtmlElement>("suggestions") else {
        return;
    };
    clear(&list);
    for question in questions {
        let Some(button) = make("button", "", question) else {
            continue;
        };
        let _ = button.set_attribute("type", "button");
        let question = question.clone();
        on(&button, "click", move |_| tell(Input::Try(question.clone())));
        put(&list, Some(button));
    }
}
