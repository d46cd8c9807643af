//! The module that a page in a frame loads: a result, and no engine.
//! Everything is in `sightline-page`; what this module does not name, its linker leaves out.

#![cfg(target_arch = "wasm32")]

use js_sys::Function;
use sightline_page::Script;
use wasm_bindgen::prelude::wasm_bindgen;

/// Shows the result that the address holds: called once by the page's script. `codec` loads the
/// module that reads links; the others are what every page's script gives, and not needed here.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "exported")]
pub fn open(why: Function, keep: Function, codec: Function, part: Function) {
    sightline_page::open_embed(Script { why, keep, codec, part });
}
