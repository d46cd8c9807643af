//! The result that the page's address holds, and how it compares with what was computed here.

use sightline_link::Source;
use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, put, set_text, show};
use crate::settings;
use crate::state::{Linked, State};
use crate::update::link::{Here, here};

#[derive(Default)]
pub(super) struct LinkedResult {
    linked: Seen<Option<Linked>>,
    answers: Seen<Vec<(String, Here)>>,
    note: Seen<&'static str>,
}

impl View for LinkedResult {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        if self.linked.is_new(state.linked.clone()) {
            show("linked", state.linked.is_some());
            if let Some(Linked { shared, .. }) = &state.linked {
                let asked = format!("“{}”, answered on {}", shared.question, shared.device);
                set_text("linked-asked", &asked);
                let settings = settings::said(&shared.settings);
                set_text(
                    "linked-settings",
                    &format!("What you run here has the link’s settings: {settings}."),
                );
            }
        }
        let Some(linked) = &state.linked else { return };
        let found = here(state, linked);
        if self.answers.is_new(told(state, linked, &found)) {
            list(&told(state, linked, &found), linked);
        }
        let note = note(state, linked, &found);
        if self.note.is_new(note) {
            set_text("linked-note", note);
        }
    }
}

/// The name of each model for people, and what became of its answer.
fn told(state: &State, linked: &Linked, found: &[Here]) -> Vec<(String, Here)> {
    let name = |id: &str| {
        let known = state.models.iter().find(|model| model.id == id);
        known.map_or_else(|| id.to_owned(), |model| model.name.clone())
    };
    let answers = linked.shared.answers.iter().zip(found);
    answers
        .map(|(answer, here)| (name(&answer.model), here.clone()))
        .collect()
}

fn list(told: &[(String, Here)], linked: &Linked) {
    let Some(list) = by_id::<HtmlElement>("linked-answers") else {
        return;
    };
    clear(&list);
    for ((name, here), answer) in told.iter().zip(&linked.shared.answers) {
        let Some(item) = make("li", "", "") else { return };
        put(&item, make("b", "", name));
        put(&item, make("span", "", &format!(": {}", answer.text)));
        let words = match here {
            Here::NotAsked => String::new(),
            Here::NoModel => "This page has no model of that name.".to_owned(),
            Here::OtherWeights => "This page has other weights of that model.".to_owned(),
            Here::Same => "Here: the same answer.".to_owned(),
            Here::Other(text) => format!("Here: {text}"),
        };
        if !words.is_empty() {
            put(&item, make("span", "here", &words));
        }
        put(&list, Some(item));
    }
}

/// What can be done about it.
fn note(state: &State, linked: &Linked, found: &[Here]) -> &'static str {
    let asked = found.iter().any(|here| matches!(here, Here::Same | Here::Other(_)));
    match (&linked.shared.picture.source, state.loaded().is_some()) {
        _ if asked => "",
        (Source::Hash(_), _) if linked.picture.is_none() => {
            "The picture is not in the link. If you have it, open it below, load the models, and ask the same."
        }
        (_, false) => {
            "Nothing of a model was downloaded for this. Load the models and press Ask to compare it with this machine."
        }
        (_, true) => "Press Ask to compare it with this machine.",
    }
}
