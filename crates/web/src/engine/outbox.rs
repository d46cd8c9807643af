//! Where events go.

use std::cell::RefCell;

use js_sys::Function;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use sightline_messages::{Event, Remedy};
use wasm_bindgen::JsValue;

/// Hands events to the worker's script, which posts them to the page.
#[derive(Clone)]
pub(super) struct Outbox {
    post: Function,
}

thread_local! {
    /// For what happens outside a command: a panic, a lost device.
    static LAST: RefCell<Option<Outbox>> = const { RefCell::new(None) };
}

impl Outbox {
    pub(super) fn new(post: Function) -> Self {
        Self { post }
    }

    /// Sends an event. The page is all there is to tell, so that a failure to do so cannot be told.
    pub(super) fn send(&self, event: &Event) {
        let serializer = Serializer::new().serialize_maps_as_objects(true);
        if let Ok(value) = event.serialize(&serializer) {
            let _ = self.post.call1(&JsValue::NULL, &value);
        }
    }

    /// Says something that stops nothing.
    pub(super) fn notice(&self, sentence: impl Into<String>) {
        self.send(&Event::Notice {
            sentence: sentence.into(),
        });
    }
}

/// Says that the engine cannot go on.
fn broken(sentence: String, remedy: Remedy) {
    LAST.with_borrow(|outbox| {
        if let Some(outbox) = outbox {
            outbox.send(&Event::Broken { sentence, remedy });
        }
    });
}

/// From now on a panic reaches the page as a sentence; the console gets its place in the code.
pub(super) fn report_panics(outbox: &Outbox) {
    LAST.set(Some(outbox.clone()));
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        broken(
            "The engine failed in a way that it did not expect. Start it again. If it fails again, please report the text in \
             the browser's console."
                .to_owned(),
            Remedy::Restart,
        );
    }));
}

/// Called by the GPU's driver, whenever it gives up the device.
pub(super) fn device_lost(message: &str) {
    let message = if message.is_empty() { "no reason given" } else { message };
    broken(
        format!(
            "The GPU was taken away while the page was using it ({message}): its driver restarted, the machine slept, or another \
             program needed it."
        ),
        Remedy::Resume,
    );
}
