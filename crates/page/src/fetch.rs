//! Files of the page itself, as data.

use std::cell::Cell;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Response;

use crate::dom::after;

/// How long a file may take to come, s.
const MOST_S: u32 = 20;

/// Calls `then` once, with what comes, or with nothing: a network may accept and never answer.
pub(crate) fn in_time<T: 'static>(
    work: impl Future<Output = Option<T>> + 'static,
    then: impl FnOnce(Option<T>) + 'static,
) {
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

/// A JSON file beside the page.
pub(crate) async fn json<T: DeserializeOwned>(name: &str) -> Option<T> {
    let list = JsFuture::from(response(name).await.ok()?.json().ok()?);
    serde_wasm_bindgen::from_value(list.await.ok()?).ok()
}

/// The bytes of a file beside the page.
pub(crate) async fn bytes(name: &str) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(response(name).await.ok()?.array_buffer().ok()?);
    Some(js_sys::Uint8Array::new(&buffer.await.ok()?).to_vec())
}
