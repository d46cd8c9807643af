//! What the page shows before its program runs: `www/first.json`, which the build writes into
//! `index.html`. It is marked with `data-first`, and stays until there is something else to show.

use crate::state::{Loading, State};

/// Views that do not touch what came with the page.
#[cfg(target_arch = "wasm32")]
pub(crate) const BESIDE: [&str; 5] = ["problem", "setup", "linked", "files", "notices"];

/// Whether the state has nothing to show yet that differs from what came with the page.
pub(crate) fn stands(state: &State) -> bool {
    let picture = &state.picture;
    // The picture to begin with has the number 0: nobody has chosen it.
    let chosen = picture.coming.as_ref().is_some_and(|coming| coming.number > 0);
    picture.shown.is_none()
        && !chosen
        && state.picture_note.is_empty()
        && state.question_note.is_empty()
        && state.linked.is_none()
        && state.loading == Loading::Not
}

/// Whether something came with this page that is seen. Where a visit begins with something else,
/// `early.js` has hidden it.
#[cfg(target_arch = "wasm32")]
pub(crate) fn came() -> bool {
    let Some(document) = crate::dom::document() else {
        return false;
    };
    let hidden = document.query_selector("html.other").ok().flatten().is_some();
    if hidden {
        give_way();
    }
    !hidden && marked().is_some_and(|marked| marked.length() > 0)
}

#[cfg(target_arch = "wasm32")]
fn marked() -> Option<web_sys::NodeList> {
    crate::dom::document()?.query_selector_all("[data-first]").ok()
}

/// From now on the views show everything.
#[cfg(target_arch = "wasm32")]
pub(crate) fn give_way() {
    use wasm_bindgen::JsCast;
    let Some(marked) = marked() else { return };
    for i in 0..marked.length() {
        if let Some(element) = marked.get(i).and_then(|node| node.dyn_into::<web_sys::Element>().ok()) {
            // Its buttons had nobody behind them.
            let _ = element.remove_attribute("inert");
            let _ = element.remove_attribute("data-first");
        }
    }
    if let Some(picture) = crate::dom::by_id::<web_sys::Element>("first") {
        picture.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Chosen;

    #[test]
    fn it_stands_until_there_is_something_else_to_show() {
        let coming = |number| {
            let mut state = State::default();
            state.picture.coming = Some(Chosen {
                number,
                name: String::new(),
                gallery: None,
                questions: Vec::new(),
            });
            state
        };
        assert!(stands(&State::default()));
        assert!(stands(&coming(0)));
        assert!(!stands(&coming(3)));
        let loading = State {
            loading: Loading::Failed,
            ..State::default()
        };
        assert!(!stands(&loading));
    }
}
