//! The list of files: `bundle.json`.

use std::collections::HashMap;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::browser::{message, within};
use super::request::{Reader, Request};

/// What the list is called.
const NAME: &str = "bundle.json";
/// Most bytes of `bundle.json`.
const MAX_LIST: u64 = 4 << 20;
/// How long it may take to come, ms.
const MOST_MS: i32 = 20_000;

/// The text of the list in a folder that the visitor opened.
pub(super) async fn opened(folder: &str, files: &HashMap<String, File>) -> Result<String, String> {
    let Some(file) = files.get(NAME) else {
        let hint = match files.contains_key("manifest.json") {
            true => {
                "It has manifest.json, so it is a folder of weights: build a page with them and open that page's folder."
            }
            false => "Open the folder of a built page: it holds bundle.json and the folder parts.",
        };
        return Err(format!("The folder {folder} has no {NAME}. {hint}"));
    };
    if file.size() > MAX_LIST as f64 {
        return Err(format!(
            "{NAME} of the folder {folder} is longer than {MAX_LIST} bytes. Open the folder of a built page."
        ));
    }
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    text.ok_or_else(|| format!("{NAME} of the folder {folder} could not be read. Open the folder once more."))
}

/// The text of `bundle.json`.
pub(super) async fn fetch(url: &str) -> Result<String, String> {
    within(MOST_MS, whole(url)).await.unwrap_or_else(|| {
        Err(format!(
            "The list of files did not come within {} seconds. Check the connection and reload the page.",
            MOST_MS / 1000
        ))
    })
}

async fn whole(url: &str) -> Result<String, String> {
    let failed = |error: JsValue| {
        format!(
            "The list of files could not be downloaded ({}). Check the connection and reload the page.",
            message(&error)
        )
    };
    let request = Request::new().map_err(failed)?;
    let response = request.get(url).await.map_err(failed)?;
    if !response.ok() {
        return Err(format!(
            "The list of files could not be downloaded: the server answered {}. Whoever keeps this page must build it again.",
            response.status()
        ));
    }
    let mut text = Vec::new();
    let mut reader = Reader::new(&response).map_err(failed)?;
    while let Some(chunk) = reader.next().await.map_err(failed)? {
        if text.len() as u64 + u64::from(chunk.length()) > MAX_LIST {
            return Err(format!(
                "The list of files is longer than {MAX_LIST} bytes. Whoever keeps this page must build it again."
            ));
        }
        text.extend(chunk.to_vec());
    }
    String::from_utf8(text)
        .map_err(|_| "The list of files is no text. Whoever keeps this page must build it again.".to_owned())
}
