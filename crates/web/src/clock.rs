use js_sys::{Reflect, global};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;

/// Milliseconds since the worker started; zero where the scope has no clock.
pub(crate) fn now() -> f64 {
    Reflect::get(&global(), &JsValue::from_str("performance"))
        .ok()
        .and_then(|value| value.dyn_into::<Performance>().ok())
        .map_or(0.0, |clock| clock.now())
}
