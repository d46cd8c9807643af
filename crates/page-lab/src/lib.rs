//! The module that `bench.html` and `evaluate.html` load.
//! Everything is in `sightline-page`; what this module does not name, its linker leaves out.

#![cfg(target_arch = "wasm32")]

use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;

/// Opens the page: called once by its script. `why` finds out why the worker's script does not run,
/// `keep` has the browser keep the page.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "exported")]
pub fn open(why: Function, keep: Function) {
    sightline_page::open_lab(why, keep);
}
