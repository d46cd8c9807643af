//! Pictures that a visitor gives: chosen, dropped, pasted. Buttons belong to their views.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Event, File, HtmlElement, HtmlInputElement};

use crate::dom::{by_id, document, on, on_id};
use crate::inbox::{number, tell};
use crate::read;
use crate::state::Chosen;
use crate::update::Input;
use crate::views::gallery;

/// Listens to what may bring a picture.
pub(crate) fn listen() {
    let Some(drop) = by_id::<HtmlElement>("drop") else {
        return;
    };
    on_id("file", "change", |event| {
        let Some(input) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            choose(file);
        }
        // The same file may be chosen again.
        input.set_value("");
    });
    let zone = drop.clone();
    on(&drop, "click", move |_| {
        // A press on a picture does not ask for another one.
        if !zone.class_list().contains("filled")
            && let Some(input) = by_id::<HtmlElement>("file")
        {
            input.click();
        }
    });
    let Some(document) = document() else { return };
    on(&document, "paste", |event| {
        if let Some(data) = event
            .dyn_ref::<ClipboardEvent>()
            .and_then(ClipboardEvent::clipboard_data)
        {
            pasted(&event, &data);
        }
    });
    // Anywhere on the page: a file that misses must not replace it.
    on(&document, "dragover", |event| {
        event.prevent_default();
        hover(true);
    });
    on(&document, "dragleave", |_| hover(false));
    on(&document, "drop", |event: Event| {
        event.prevent_default();
        hover(false);
        if let Some(data) = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer) {
            dropped(&data);
        }
    });
}

fn hover(over: bool) {
    if let Some(drop) = by_id::<HtmlElement>("drop") {
        let _ = drop.class_list().toggle_with_force("over", over);
    }
}

/// Text goes where text is typed, also if a picture of it comes along, as from a table or a
/// document.
fn pasted(event: &Event, data: &DataTransfer) {
    let text = data.get_data("text/plain").unwrap_or_default();
    let typing = event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        .is_some();
    if typing && !text.is_empty() {
        return;
    }
    if data.files().is_some_and(|files| files.length() > 0) {
        event.prevent_default();
        return files(data);
    }
    if !typing {
        tell(Input::NoPicture(
            if is_address(&text) {
                "That is a picture's address, and this page fetches nothing from elsewhere. Copy the picture itself, or save it and \
                 open the file."
            } else {
                "That was no picture. Copy a picture itself, or open a file."
            }
            .into(),
        ));
    }
}

fn dropped(data: &DataTransfer) {
    // One of the page's own comes as its address, in some browsers with a file beside it.
    let address = data.get_data("text/uri-list").unwrap_or_default();
    if !address.is_empty() && gallery::choose(&address) {
        return;
    }
    if data.files().is_some_and(|files| files.length() > 0) {
        return files(data);
    }
    tell(Input::NoPicture(
        if is_address(&address) {
            "What came is a picture's address, and this page fetches nothing from elsewhere. Copy the picture and paste it here, or save \
             it and open the file."
        } else {
            "That was no file. Drop or choose a picture: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG."
        }
        .into(),
    ));
}

fn is_address(text: &str) -> bool {
    let text = text.trim();
    ["http://", "https://", "data:image/", "blob:"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

/// The first of the files that came, if it is one.
fn files(data: &DataTransfer) {
    let Some(files) = data.files() else { return };
    let Some(file) = files.get(0) else { return };
    let is_folder = data
        .items()
        .get(0)
        .and_then(|item| item.webkit_get_as_entry().ok().flatten())
        .is_some_and(|entry| entry.is_directory());
    if is_folder {
        return tell(Input::NoPicture(format!(
            "{} is a folder. Open it, and choose one picture in it.",
            file.name()
        )));
    }
    if files.length() > 1 {
        tell(Input::Remark(format!(
            "{} files came; the first, {}, is shown.",
            files.length(),
            file.name()
        )));
    }
    choose(file);
}

fn choose(file: File) {
    let number = number();
    tell(Input::Chosen(Chosen {
        number,
        name: file.name(),
        gallery: None,
        questions: Vec::new(),
    }));
    spawn_local(async move {
        tell(match read::bytes(&file).await {
            Ok(bytes) => Input::Bytes { number, bytes },
            Err(sentence) => Input::Unreadable { number, sentence },
        });
    });
}

/// Asks the browser not to remove what it keeps for this page when room runs short. It may refuse.
pub(crate) fn persist() {
    let Some(window) = web_sys::window() else { return };
    // Over plain http there is no storage to ask.
    let navigator = window.navigator();
    let there = js_sys::Reflect::get(&navigator, &"storage".into()).is_ok_and(|storage| !storage.is_undefined());
    if there && let Ok(promise) = navigator.storage().persist() {
        spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}
