//! The module that `bench.html` and `evaluate.html` load.
//! Everything is in `sightline-page`; what this module does not name, its linker leaves out.

#![cfg(target_arch = "wasm32")]

use js_sys::Function;
use sightline_page::Script;
use wasm_bindgen::prelude::wasm_bindgen;

/// Opens the page: called once by its script. `why` finds out why the worker's script does not run,
/// `keep` has the browser keep the page, `codec` loads the module that reads and writes links,
/// `part` a script that is seldom used.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "exported")]
pub fn open(why: Function, keep: Function, codec: Function, part: Function) {
    sightline_page::open_lab(Script { why, keep, codec, part });
}
