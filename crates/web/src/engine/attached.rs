//! Files that come beside a message.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use super::browser::property;

/// Files that come beside a message. They are the browser's own objects, which no message holds.
#[derive(Clone, Default)]
pub(super) struct Attached(Rc<RefCell<Vec<File>>>);

impl Attached {
    /// Takes the files out of a message, if there are any.
    pub(super) fn take_from(&self, message: &JsValue) {
        const NAME: &str = "attached";
        let Some(list) = property(message, NAME).and_then(|list| list.dyn_into::<Array>().ok()) else {
            return;
        };
        let files = list.iter().filter_map(|file| file.dyn_into().ok());
        *self.0.borrow_mut() = files.collect();
        if let Some(message) = message.dyn_ref::<Object>() {
            let _ = Reflect::delete_property(message, &NAME.into());
        }
    }

    pub(super) fn take(&self) -> Vec<File> {
        self.0.take()
    }
}
