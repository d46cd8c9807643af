//! What a visitor does: buttons, files, dropping, pasting, asking.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ClipboardEvent, DragEvent, Event, File, FileList, HtmlElement, HtmlInputElement};

use crate::app::with;
use crate::dom::{by_id, document, on, on_id, set_text};
use crate::gallery::press;

/// Largest file that is read, bytes: more than any picture that the engine would take.
const MAX_FILE: f64 = (256u64 << 20) as f64;

/// Listens to everything.
pub(crate) fn listen() {
    on_id("load", "click", |_| with(|app| app.load()));
    on_id("stop", "click", |_| with(|app| app.stop()));
    on_id("forget", "click", |_| with(|app| app.forget()));
    on_id("problem-button", "click", |_| with(|app| app.remedy()));
    on_id("ask", "submit", |event| {
        event.prevent_default();
        with(|app| app.ask());
    });
    on_id("file", "change", |event| {
        let Some(input) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        first(input.files());
        // The same file may be chosen again.
        input.set_value("");
    });
    let Some(document) = document() else { return };
    on(&document, "paste", |event| {
        let files = event
            .dyn_ref::<ClipboardEvent>()
            .and_then(ClipboardEvent::clipboard_data)
            .and_then(|data| data.files());
        if files.as_ref().is_some_and(|files| files.length() > 0) {
            event.prevent_default();
            first(files);
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
        first(
            event
                .dyn_ref::<DragEvent>()
                .and_then(DragEvent::data_transfer)
                .and_then(|data| data.files()),
        );
    });
}

fn hover(over: bool) {
    if let Some(drop) = by_id::<HtmlElement>("drop") {
        let _ = drop.class_list().toggle_with_force("over", over);
    }
}

/// Reads the first file of a list.
fn first(files: Option<FileList>) {
    let Some(file) = files.and_then(|files| files.get(0)) else {
        set_text(
            "picture-note",
            "That was no file. Drop or choose a picture: PNG, JPEG, WebP, GIF, BMP or TIFF.",
        );
        return;
    };
    spawn_local(read(file));
}

async fn read(file: File) {
    let name = file.name();
    if file.size() > MAX_FILE {
        set_text(
            "picture-note",
            &format!("{name} is larger than 256 MB. Choose a smaller picture."),
        );
        return;
    }
    match JsFuture::from(file.array_buffer()).await {
        Ok(buffer) => with(|app| {
            app.take_picture(js_sys::Uint8Array::new(&buffer).to_vec(), Vec::new());
            press(None);
        }),
        Err(_) => set_text(
            "picture-note",
            &format!("{name} could not be read. Choose it once more, or another."),
        ),
    }
}
