//! What this tab remembers over a reload. Where that is forbidden, it forgets.

use js_sys::JSON;
use web_sys::Storage;

use crate::state::Saved;

const KEY: &str = "sightline-turn";

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Keeps it until the tab is closed.
pub(crate) fn keep(saved: &Saved) {
    if let Some(storage) = storage()
        && let Ok(value) = serde_wasm_bindgen::to_value(saved)
        && let Ok(text) = JSON::stringify(&value)
    {
        // A full storage forgets, too.
        let _ = storage.set_item(KEY, &String::from(text));
    }
}

/// What was kept, unless another version of the page kept it.
pub(crate) fn recall() -> Option<Saved> {
    let text = storage()?.get_item(KEY).ok().flatten()?;
    serde_wasm_bindgen::from_value(JSON::parse(&text).ok()?).ok()
}
