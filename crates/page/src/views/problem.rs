//! What is wrong where it is seen, with a button for what helps.

use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, on_id, set_text, show};
use crate::inbox::tell;
use crate::state::{self, Remedy};
use crate::update::Input;
use crate::words;

#[derive(Default)]
pub(super) struct Problem {
    seen: Seen<(Option<state::Problem>, &'static str)>,
}

impl Problem {
    pub(super) fn open() -> Self {
        for id in ["problem-button", "problem-other"] {
            on_id(id, "click", move |_| {
                if let Some(remedy) = by_id::<HtmlElement>(id)
                    .and_then(|button| button.get_attribute("data-remedy"))
                    .and_then(|name| ALL.iter().find(|remedy| name == button_of(**remedy).0))
                {
                    tell(Input::Remedy(*remedy));
                }
            });
        }
        Self::default()
    }
}

const ALL: [Remedy; 5] = [
    Remedy::Restart,
    Remedy::Processor,
    Remedy::Reload,
    Remedy::PageModels,
    Remedy::Dismiss,
];

/// A name for the document, and what the button says.
fn button_of(remedy: Remedy) -> (&'static str, &'static str) {
    match remedy {
        Remedy::Restart => ("restart", "Start the engine again"),
        Remedy::Processor => ("processor", "Let the processor compute"),
        Remedy::Reload => ("reload", "Reload the page"),
        Remedy::PageModels => ("page-models", "Use this page’s models"),
        Remedy::Dismiss => ("dismiss", "Go on as before"),
    }
}

impl View for Problem {
    fn show(&mut self, now: &Now<'_>) {
        let problem = &now.state.problem;
        let comes_back = words::comes_back(now.state);
        if !self.seen.is_new((problem.clone(), comes_back)) {
            return;
        }
        show("problem", problem.is_some());
        let Some(problem) = problem else { return };
        set_text("problem-text", format!("{} {comes_back}", problem.sentence).trim_end());
        button("problem-button", problem.remedy);
        button("problem-other", problem.other);
        if let Some(problem) = by_id::<HtmlElement>("problem") {
            problem.scroll_into_view_with_bool(false);
        }
    }
}

fn button(id: &str, remedy: Option<Remedy>) {
    show(id, remedy.is_some());
    let Some(remedy) = remedy else { return };
    let (name, text) = button_of(remedy);
    set_text(id, text);
    crate::dom::set_attribute(id, "data-remedy", Some(name));
}
