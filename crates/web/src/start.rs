use wasm_bindgen::prelude::wasm_bindgen;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs once, when the module is instantiated.
#[wasm_bindgen(start)]
fn start() {
    // SAFETY: the linker defines it, and nothing has run before this. Without this one call the
    // linker wraps every export in a call of all constructors (CubeCL registers its kernels with
    // them): 5 ms per launch instead of 20 us, and right results either way, so only a timing shows
    // it.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
}
