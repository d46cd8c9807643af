//! The document, with less ceremony. Ids are those of `www/index.html`; one that is missing is a
//! mistake in that file, and then nothing is shown rather than everything broken.

use wasm_bindgen::prelude::{Closure, JsCast};
use web_sys::{Document, Element, Event, EventTarget, HtmlElement};

pub(crate) fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// The element of that id.
pub(crate) fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// A new element with a class and a text, each empty for none.
pub(crate) fn make(tag: &str, class: &str, text: &str) -> Option<HtmlElement> {
    let element = document()?.create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    element.dyn_into().ok()
}

/// Appends, if both are there.
pub(crate) fn put(parent: &Element, child: Option<HtmlElement>) {
    if let Some(child) = child {
        let _ = parent.append_child(&child);
    }
}

/// Writes a text, unless it stands there already.
pub(crate) fn set_text(id: &str, text: &str) {
    if let Some(element) = by_id::<HtmlElement>(id)
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
    }
}

pub(crate) fn show(id: &str, shown: bool) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        element.set_hidden(!shown);
    }
}

/// Sets an attribute, or removes it for `None`.
pub(crate) fn set_attribute(id: &str, name: &str, value: Option<&str>) {
    if let Some(element) = by_id::<Element>(id) {
        let _ = match value {
            Some(value) => element.set_attribute(name, value),
            None => element.remove_attribute(name),
        };
    }
}

pub(crate) fn set_disabled(id: &str, disabled: bool) {
    if let Some(button) = by_id::<web_sys::HtmlButtonElement>(id) {
        button.set_disabled(disabled);
    }
}

pub(crate) fn clear(element: &Element) {
    element.set_text_content(None);
}

/// Milliseconds since the page was opened.
pub(crate) fn now_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |clock| clock.now())
}

/// The id of the element that has the focus.
pub(crate) fn focused() -> Option<String> {
    Some(document()?.active_element()?.id())
}

pub(crate) fn focus(id: &str) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        let _ = element.focus();
    }
}

/// A row of a description list.
pub(crate) fn fact(list: &Element, name: &str, value: &str) {
    let Some(row) = make("div", "", "") else { return };
    put(&row, make("dt", "", name));
    put(&row, make("dd", "", value));
    put(list, Some(row));
}

/// Listens for as long as the page is open.
pub(crate) fn on(target: &EventTarget, kind: &str, heard: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(heard);
    let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// [`on`] for the element of that id.
pub(crate) fn on_id(id: &str, kind: &str, heard: impl FnMut(Event) + 'static) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        on(&element, kind, heard);
    }
}

/// Calls `work` after so many seconds.
pub(crate) fn after(seconds: u32, work: impl FnOnce() + 'static) {
    let once = Closure::once_into_js(work);
    if let Some(window) = web_sys::window() {
        let ms = i32::try_from(seconds).unwrap_or(i32::MAX).saturating_mul(1000);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(once.unchecked_ref(), ms);
    }
}
