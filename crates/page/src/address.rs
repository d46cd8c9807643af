//! The page's address: a result in its fragment, and links to copy.

use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;

use crate::dom::{by_id, on};
use crate::inbox::{number, tell};
use crate::update::Input;

/// The fragment, if it can be a result: others name a part of the page.
fn fragment() -> Option<String> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let fragment = hash.strip_prefix('#')?;
    let is_part = by_id::<HtmlElement>(fragment).is_some();
    (!fragment.is_empty() && !is_part).then(|| fragment.to_owned())
}

/// What the page's address holds, if it holds a result or something that should be one.
pub(crate) fn result() -> Option<Input> {
    Some(match sightline_link::decode(&fragment()?) {
        Ok(shared) => Input::Linked {
            number: number(),
            shared: Box::new(shared),
        },
        Err(error) => Input::Remark(format!("The address of this page holds no result: {error}.")),
    })
}

/// A link that is opened where the page is open already opens the page anew.
pub(crate) fn listen() {
    let Some(window) = web_sys::window() else { return };
    on(&window, "hashchange", |_| {
        if fragment().is_some() {
            let _ = web_sys::window().map(|window| window.location().reload());
        }
    });
}

/// Puts a link into the page's address, and into the clipboard where the browser has one.
pub(crate) fn copy(fragment: &str) {
    let Some(window) = web_sys::window() else { return };
    let location = window.location();
    let page = location.origin().and_then(|origin| Ok(origin + &location.pathname()?));
    let Ok(page) = page else { return };
    let here = format!("{}#{fragment}", location.search().unwrap_or_default());
    if let Ok(history) = window.history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&here));
    }
    // Over plain http there is no clipboard.
    let navigator = window.navigator();
    let there = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
    if !there {
        return tell(Input::Copied(false));
    }
    let written = navigator.clipboard().write_text(&format!("{page}#{fragment}"));
    spawn_local(async move {
        tell(Input::Copied(JsFuture::from(written).await.is_ok()));
    });
}
