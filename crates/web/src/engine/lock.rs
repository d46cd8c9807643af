//! One tab at a time: two that load at once would fetch every part twice.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::browser::{property, scope};

/// A lock of this origin, asked for or held. It is let go when this is dropped.
pub(super) struct Lock {
    shared: Rc<Shared>,
    granted: Option<Promise>,
}

#[derive(Default)]
struct Shared {
    dropped: Cell<bool>,
    release: RefCell<Option<Function>>,
}

impl Lock {
    /// Asks for the lock of that name. A browser without locks grants every one.
    pub(super) fn ask(name: &str) -> Self {
        let shared = Rc::<Shared>::default();
        let granted = request(name, &shared);
        Self { shared, granted }
    }

    /// Waits until it is held.
    pub(super) async fn held(&self) {
        if let Some(granted) = &self.granted {
            // Refused or granted: a part can be fetched either way.
            let _ = JsFuture::from(granted.clone()).await;
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.shared.dropped.set(true);
        if let Some(release) = self.shared.release.take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// A promise that is kept once the lock is held, or cannot be.
fn request(name: &str, shared: &Rc<Shared>) -> Option<Promise> {
    let navigator: JsValue = scope().ok()?.navigator().into();
    let locks = property(&navigator, "locks")?;
    let request: Function = property(&locks, "request")?.dyn_into().ok()?;
    Some(Promise::new(&mut |granted, _| {
        let shared = Rc::clone(shared);
        let tell = granted.clone();
        // The lock is held for as long as the promise that this gives is open.
        let holding = Closure::once_into_js(move |_: JsValue| -> JsValue {
            let _ = tell.call0(&JsValue::NULL);
            if shared.dropped.get() {
                return JsValue::UNDEFINED;
            }
            Promise::new(&mut |release, _| *shared.release.borrow_mut() = Some(release)).into()
        });
        let asked = request.call2(&locks, &name.into(), &holding);
        let refused = match asked.map(JsCast::dyn_into::<Promise>) {
            Ok(Ok(asked)) => asked,
            _ => {
                let _ = granted.call0(&JsValue::NULL);
                return;
            }
        };
        let tell = granted.clone();
        wasm_bindgen_futures::spawn_local(async move {
            if JsFuture::from(refused).await.is_err() {
                let _ = tell.call0(&JsValue::NULL);
            }
        });
    }))
}
