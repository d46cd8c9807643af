//! Files for the visitor: saved as downloads are, without asking anyone.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::JsCast;
use web_sys::{Blob, BlobPropertyBag, HtmlElement, Url};

use crate::dom::{after, make};

/// Seconds until the browser no longer needs the bytes.
const NEEDED_S: u32 = 60;

/// Hands a file to the browser, which saves it or asks where.
pub(crate) fn file(name: &str, kind: &str, bytes: &[u8]) {
    let _ = hand(name, kind, bytes);
}

fn hand(name: &str, kind: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let typed = BlobPropertyBag::new();
    typed.set_type(kind);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &typed)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlElement = make("a", "", "").ok_or(JsValue::NULL)?;
    link.set_attribute("href", &url)?;
    link.set_attribute("download", name)?;
    link.unchecked_ref::<HtmlElement>().click();
    after(NEEDED_S, move || {
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}
