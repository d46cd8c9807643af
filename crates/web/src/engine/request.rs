//! One request to the network, which ends with whoever waits for it.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::browser::{property, scope};

/// A request that ends when this is dropped, wherever it stands then.
pub(super) struct Request {
    abort: AbortController,
}

impl Request {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            abort: AbortController::new()?,
        })
    }

    /// Fetches past the browser's own cache: parts have a store of their own, and the list must be
    /// new.
    pub(super) async fn get(&self, url: &str) -> Result<Response, JsValue> {
        let options = RequestInit::new();
        options.set_cache(RequestCache::NoStore);
        options.set_signal(Some(&self.abort.signal()));
        JsFuture::from(scope()?.fetch_with_str_and_init(url, &options))
            .await?
            .dyn_into()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // Of one that is complete nothing is left to abort.
        self.abort.abort();
    }
}

/// A response's body, chunk by chunk.
pub(super) struct Reader {
    reader: Option<ReadableStreamDefaultReader>,
}

impl Reader {
    pub(super) fn new(response: &Response) -> Result<Self, JsValue> {
        let reader = match response.body() {
            Some(body) => Some(body.get_reader().dyn_into()?),
            None => None,
        };
        Ok(Self { reader })
    }

    /// The next chunk, none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let step = JsFuture::from(reader.read()).await?;
        property(&step, "value").map(|value| value.dyn_into()).transpose()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What is left of a refused body need not come. Cancelling one that has ended does nothing.
        if let Some(reader) = &self.reader {
            let cancelled = reader.cancel();
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(cancelled).await;
            });
        }
    }
}
