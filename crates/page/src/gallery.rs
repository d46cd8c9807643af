//! Pictures to try, with their credits: `pictures.json` and the files it names.

use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, Response};

use crate::app::with;
use crate::dom::{by_id, make, on, put, set_text};

/// A row of `pictures.json`.
#[derive(Clone, Deserialize)]
struct Picture {
    file: String,
    alt: String,
    questions: Vec<String>,
}

#[derive(Deserialize)]
struct Pictures {
    credits: String,
    pictures: Vec<Picture>,
}

/// Fetches the list and shows it.
pub(crate) fn open() {
    spawn_local(async {
        if let Ok(list) = json("pictures.json").await
            && let Ok(list) = serde_wasm_bindgen::from_value::<Pictures>(list)
        {
            set_text("credits", &list.credits);
            list.pictures.into_iter().for_each(add);
        }
    });
}

async fn response(name: &str) -> Result<Response, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str(name)).await?.dyn_into()?;
    if response.ok() {
        Ok(response)
    } else {
        Err(JsValue::NULL)
    }
}

async fn json(name: &str) -> Result<JsValue, JsValue> {
    JsFuture::from(response(name).await?.json()?).await
}

async fn bytes(name: &str) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(response(name).await?.array_buffer()?).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

fn add(picture: Picture) {
    let (Some(gallery), Some(button)) = (by_id::<HtmlElement>("gallery"), make("button", "", "")) else {
        return;
    };
    let _ = button.set_attribute("type", "button");
    let _ = button.set_attribute("aria-pressed", "false");
    if let Some(image) = make("img", "", "") {
        let _ = image.set_attribute("src", &picture.file);
        let _ = image.set_attribute("alt", &picture.alt);
        put(&button, Some(image));
    }
    let pressed = button.clone();
    on(&button, "click", move |_| {
        let (picture, pressed) = (picture.clone(), pressed.clone());
        spawn_local(async move {
            match bytes(&picture.file).await {
                Ok(bytes) => with(|app| {
                    app.take_picture(bytes, picture.questions.clone());
                    press(Some(&pressed));
                }),
                Err(_) => set_text(
                    "picture-note",
                    "That picture could not be fetched. Check the connection, or choose a file of your own.",
                ),
            }
        });
    });
    put(&gallery, Some(button));
}

/// Marks the chosen picture; none of them for `None`.
pub(crate) fn press(chosen: Option<&HtmlElement>) {
    let Some(gallery) = by_id::<HtmlElement>("gallery") else {
        return;
    };
    let buttons = gallery.children();
    for i in 0..buttons.length() {
        if let Some(button) = buttons.item(i) {
            let is = chosen.is_some_and(|chosen| button.is_same_node(Some(chosen)));
            let _ = button.set_attribute("aria-pressed", if is { "true" } else { "false" });
        }
    }
}
