//! What the engine needs of the browser, each in one small function.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use js_sys::{Reflect, global};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel};

/// The worker's own scope.
pub(super) fn scope() -> Result<DedicatedWorkerGlobalScope, JsValue> {
    global().dyn_into().map_err(JsValue::from)
}

/// A property of an object, where there is one.
pub(super) fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into())
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

/// A property that is a text, not empty.
pub(super) fn text(object: &JsValue, name: &str) -> Option<String> {
    property(object, name)?.as_string().filter(|text| !text.is_empty())
}

/// What an exception says.
pub(super) fn message(error: &JsValue) -> String {
    text(error, "message")
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}

/// An exception's name, for example `QuotaExceededError`.
pub(super) fn name(error: &JsValue) -> String {
    text(error, "name").unwrap_or_default()
}

/// Lets the worker take its messages, then goes on. Unlike a timer's turn, this one takes no time.
pub(super) async fn pause() {
    let Ok(channel) = MessageChannel::new() else {
        return;
    };
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let wake = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::NULL);
        });
        channel.port1().set_onmessage(wake.dyn_ref());
        let _ = channel.port2().post_message(&JsValue::NULL);
    });
    // It never fails.
    let _ = JsFuture::from(promise).await;
    channel.port1().close();
}

/// Goes on after so many milliseconds.
pub(super) async fn sleep(ms: i32) {
    let Ok(scope) = scope() else { return };
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // A timer that cannot be set must not be waited for.
        if scope
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms)
            .is_err()
        {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    // It never fails.
    let _ = JsFuture::from(promise).await;
}

/// What `work` gives, or `None` if that takes longer than so many milliseconds. Work that is
/// borrowed can be waited for again.
pub(super) async fn within<T>(ms: i32, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut late) = (pin!(work), pin!(sleep(ms)));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => late.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Whether the page came in a way that browsers trust: over https, or from this very machine.
/// Elsewhere they have no WebGPU and no store.
pub(super) fn is_secure() -> bool {
    property(&global(), "isSecureContext").is_none_or(|secure| secure.is_truthy())
}

/// Bytes of the engine's memory. It never shrinks, so this is its peak.
pub(super) fn heap_bytes() -> u64 {
    const PAGE: u64 = 1 << 16;
    core::arch::wasm32::memory_size(0) as u64 * PAGE
}
