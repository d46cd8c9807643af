//! Parts in the Cache API: a response each, by an address that is never fetched.

use js_sys::Uint8Array;
use sightline_checkpoint::bundle::Part;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, Response};

use super::browser::{property, scope};

/// The cache of this program alone.
const NAME: &str = "sightline-parts";
/// The beginning of every address.
const PREFIX: &str = "/sightline-parts/";

/// The address of a part.
pub(super) fn address(hash: &str) -> String {
    format!("{PREFIX}{hash}")
}

/// The cache, created if it was not there.
pub(super) async fn open() -> Result<Cache, JsValue> {
    let scope = scope()?;
    property(&scope, "caches").ok_or("no caches")?;
    JsFuture::from(scope.caches()?.open(NAME)).await?.dyn_into()
}

/// A part as a response, if it is there.
pub(super) async fn find(cache: &Cache, part: &Part) -> Result<Option<Response>, JsValue> {
    let found = JsFuture::from(cache.match_with_str(&address(&part.sha256))).await?;
    Ok(found.dyn_into().ok())
}

/// Keeps a part.
pub(super) async fn write(cache: &Cache, part: &Part, bytes: &Uint8Array) -> Result<(), JsValue> {
    let response = Response::new_with_opt_js_u8_array(Some(bytes))?;
    response.headers().set("content-length", &part.bytes.to_string())?;
    JsFuture::from(cache.put_with_str(&address(&part.sha256), &response)).await?;
    Ok(())
}

/// Names of all parts.
pub(super) async fn hashes(cache: &Cache) -> Vec<String> {
    let Ok(keys) = JsFuture::from(cache.keys()).await else {
        return Vec::new();
    };
    let address = |request: JsValue| property(&request, "url")?.as_string();
    let hash = |url: String| Some(url.rsplit_once('/')?.1.to_owned());
    js_sys::Array::from(&keys)
        .iter()
        .filter_map(address)
        .filter_map(hash)
        .collect()
}
