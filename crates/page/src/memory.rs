//! What this tab remembers over a reload. Where that is forbidden, it forgets.

use js_sys::JSON;
use web_sys::Storage;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::settings::Kept;
use crate::state::Saved;

const TURN: &str = "sightline-turn";
const SETTINGS: &str = "sightline-settings";

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Keeps a turn until the tab is closed.
pub(crate) fn keep(saved: &Saved) {
    write(TURN, saved);
}

/// Keeps settings as long.
pub(crate) fn keep_settings(kept: &Kept) {
    write(SETTINGS, kept);
}

/// The turn that was kept, unless another version of the page kept it.
pub(crate) fn recall() -> Option<Saved> {
    read(TURN)
}

/// The settings, as [`recall`].
pub(crate) fn settings() -> Option<Kept> {
    read(SETTINGS)
}

fn write(key: &str, kept: &impl Serialize) {
    if let Some(storage) = storage()
        && let Ok(value) = serde_wasm_bindgen::to_value(kept)
        && let Ok(text) = JSON::stringify(&value)
    {
        // A full storage forgets, too.
        let _ = storage.set_item(key, &String::from(text));
    }
}

fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(key).ok().flatten()?;
    serde_wasm_bindgen::from_value(JSON::parse(&text).ok()?).ok()
}
