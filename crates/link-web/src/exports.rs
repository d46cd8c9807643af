//! What JavaScript calls.
#![allow(unreachable_pub, reason = "exported")]

use js_sys::{Error, Object, Reflect, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use sightline_link::{LinkError, Shared, Source};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The fragment of a link, without `#`. `shared` has the fields of `docs/link-format.md`, and
/// `picture` is the file whose source is `"i"`.
///
/// # Errors
/// An `Error` whose message says which field is not what a link holds.
#[wasm_bindgen]
pub fn encode(shared: JsValue, picture: Option<Vec<u8>>) -> Result<String, JsValue> {
    let mut shared = result(shared)?;
    if let Source::File(bytes) = &mut shared.picture.source {
        *bytes = picture.unwrap_or_default();
    }
    sightline_link::encode(&shared).map_err(refused)
}

/// What a link holds, as `{ shared, picture }`: `picture` is the file if the link holds one. The
/// seed is a `BigInt`. Takes a whole address as well as its fragment.
///
/// # Errors
/// An `Error` whose message says what is wrong with the link.
#[wasm_bindgen]
pub fn decode(link: &str) -> Result<Object, JsValue> {
    let shared = sightline_link::decode(link).map_err(refused)?;
    let values = Serializer::new().serialize_large_number_types_as_bigints(true);
    let found = Object::new();
    Reflect::set(&found, &"shared".into(), &shared.serialize(&values)?)?;
    if let Source::File(bytes) = &shared.picture.source {
        Reflect::set(&found, &"picture".into(), &Uint8Array::from(&bytes[..]))?;
    }
    Ok(found)
}

/// A result as an SVG drawing of 1,200 times 630 px, with the question, the picture, its boxes and
/// the answers. `shared` as for [`encode`]; `picture` is a JPEG file, and its place stays empty
/// without it.
///
/// # Errors
/// An `Error` whose message says which field is not what a link holds.
#[wasm_bindgen]
pub fn card(shared: JsValue, picture: Option<Vec<u8>>) -> Result<String, JsValue> {
    Ok(sightline_card::card(&result(shared)?, picture.as_deref()))
}

/// SHA-256 of a file as links hold it: 64 digits and letters a to f. Browsers have one of their own
/// over https alone.
#[wasm_bindgen]
pub fn sha256(file: &[u8]) -> String {
    sightline_link::sha256_hex(file)
}

fn result(shared: JsValue) -> Result<Shared, JsValue> {
    serde_wasm_bindgen::from_value(shared).map_err(|error| {
        let text = error.to_string();
        thrown(&format!(
            "that is no result of a link: {}",
            text.trim_start_matches("Error: ")
        ))
    })
}

fn refused(error: LinkError) -> JsValue {
    thrown(&error.to_string())
}

fn thrown(sentence: &str) -> JsValue {
    Error::new(sentence).into()
}
