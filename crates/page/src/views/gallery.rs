//! Pictures to try, with their credits: `pictures.json` and the files it names.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, Response};

use super::{Now, Seen, View};
use crate::dom::{after, by_id, make, on, put, set_text};
use crate::inbox::{number, tell};
use crate::state::Chosen;
use crate::update::Input;

/// How long a picture, or the list of them, may take to come, s.
const MOST_S: u32 = 20;

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

thread_local! {
    static PICTURES: RefCell<Vec<Picture>> = const { RefCell::new(Vec::new()) };
}

/// The pictures as buttons; the chosen one is marked.
#[derive(Default)]
pub(super) struct Gallery {
    chosen: Seen<(Option<String>, u32)>,
}

impl Gallery {
    /// Fetches the list and shows it.
    pub(super) fn open() -> Self {
        in_time(list(), |found| {
            let Some(list) = found else {
                return tell(Input::Remark(
                    "The pictures to try could not be fetched. Check the connection and reload the page, or choose a file of your own.".into(),
                ));
            };
            set_text("credits", &list.credits);
            list.pictures.iter().cloned().for_each(add);
            PICTURES.set(list.pictures);
        });
        Self::default()
    }
}

impl View for Gallery {
    fn show(&mut self, now: &Now<'_>) {
        let picture = &now.state.picture;
        let chosen = picture
            .coming
            .as_ref()
            .or(picture.shown.as_ref().map(|shown| &shown.chosen));
        let file = chosen.and_then(|chosen| chosen.gallery.clone());
        let Some(gallery) = by_id::<HtmlElement>("gallery") else {
            return;
        };
        let buttons = gallery.children();
        if !self.chosen.is_new((file.clone(), buttons.length())) {
            return;
        }
        for i in 0..buttons.length() {
            if let Some(button) = buttons.item(i) {
                let is = file.is_some() && button.get_attribute("data-file") == file;
                let _ = button.set_attribute("aria-pressed", if is { "true" } else { "false" });
            }
        }
    }
}

/// Chooses the picture that has this address, if it is one of these.
pub(crate) fn choose(address: &str) -> bool {
    let address = address.lines().next().unwrap_or_default().trim();
    let here = web_sys::window()
        .and_then(|window| window.location().href().ok())
        .unwrap_or_default();
    let found = PICTURES.with_borrow(|pictures| {
        let is = |picture: &&Picture| {
            web_sys::Url::new_with_base(&picture.file, &here).is_ok_and(|url| url.href() == address)
        };
        pictures.iter().find(is).cloned()
    });
    let is_one = found.is_some();
    found.into_iter().for_each(take);
    is_one
}

/// Chooses a picture.
fn take(picture: Picture) {
    let number = number();
    tell(Input::Chosen(Chosen {
        number,
        name: picture.alt,
        gallery: Some(picture.file.clone()),
        questions: picture.questions,
    }));
    fetch(number, picture.file);
}

/// Fetches the bytes of a picture that was chosen.
pub(crate) fn fetch(number: u32, file: String) {
    let bytes = async move { bytes(&file).await.ok() };
    in_time(bytes, move |found| {
        tell(match found {
            Some(bytes) => Input::Bytes { number, bytes },
            None => Input::Unreadable {
                number,
                sentence: "That picture could not be fetched. Check the connection, or choose a file of your own."
                    .into(),
            },
        });
    });
}

/// Calls `then` once, with what comes, or with nothing: a network may accept and never answer.
fn in_time<T: 'static>(work: impl Future<Output = Option<T>> + 'static, then: impl FnOnce(Option<T>) + 'static) {
    let then = Rc::new(Cell::new(Some(then)));
    let late = Rc::clone(&then);
    spawn_local(async move {
        let found = work.await;
        if let Some(then) = then.take() {
            then(found);
        }
    });
    after(MOST_S, move || {
        if let Some(then) = late.take() {
            then(None);
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

async fn list() -> Option<Pictures> {
    let list = JsFuture::from(response("pictures.json").await.ok()?.json().ok()?);
    serde_wasm_bindgen::from_value(list.await.ok()?).ok()
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
    let _ = button.set_attribute("data-file", &picture.file);
    on(&button, "click", move |_| take(picture.clone()));
    put(&gallery, Some(button));
}
