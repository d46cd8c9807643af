//! Parts of the page that are seldom used: scripts of their own, which come when they are needed.

use js_sys::{Array, Error, Function, Promise, Reflect};
use wasm_bindgen::prelude::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The page's own function that loads such a script by its name.
#[derive(Clone)]
pub(crate) struct Parts(Function);

impl Parts {
    pub(crate) fn new(load: Function) -> Self {
        Self(load)
    }

    /// Calls a function of a script, and waits for what it promises.
    ///
    /// # Errors
    /// A sentence for people: what the script has thrown, or that it did not come.
    pub(crate) async fn call(&self, part: &str, name: &str, given: &[JsValue]) -> Result<JsValue, String> {
        let missing = |_| "A part of this page did not come. Check the connection and try again.".to_owned();
        let module = self
            .0
            .call1(&JsValue::NULL, &part.into())
            .and_then(JsCast::dyn_into::<Promise>);
        let module = JsFuture::from(module.map_err(missing)?).await.map_err(missing)?;
        let function = Reflect::get(&module, &name.into()).and_then(JsCast::dyn_into::<Function>);
        let given: Array = given.iter().collect();
        let made = function.map_err(missing)?.apply(&JsValue::NULL, &given);
        let made = match made {
            Ok(value) => JsFuture::from(Promise::resolve(&value)).await,
            Err(error) => Err(error),
        };
        made.map_err(|error| match error.dyn_into::<Error>() {
            Ok(error) => error.message().into(),
            Err(_) => "The browser stopped it. Try again.".to_owned(),
        })
    }
}
