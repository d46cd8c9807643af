//! What reads and writes links: a module of its own, which comes only when a link does.

use js_sys::{Error, Function, Promise, Reflect, Uint8Array};
use sightline_link::{Shared, Source};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// `sightline_link_web.js`.
    type Module;
    #[wasm_bindgen(method, catch)]
    fn encode(this: &Module, shared: JsValue, picture: Option<Uint8Array>) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn decode(this: &Module, link: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn card(this: &Module, shared: JsValue, picture: Option<Uint8Array>) -> Result<String, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn sha256(this: &Module, file: &[u8]) -> Result<String, JsValue>;
}

/// The module that is not here yet: a function of the page's script that loads it, once.
#[derive(Clone)]
pub(crate) struct Codec(Function);

/// The module.
pub(crate) struct Loaded(Module);

impl Codec {
    pub(crate) fn new(load: Function) -> Self {
        Self(load)
    }

    /// Loads the module, unless it is here.
    ///
    /// # Errors
    /// A sentence for people.
    pub(crate) async fn load(&self) -> Result<Loaded, String> {
        let missing = |_| {
            "the part of this page that reads and writes links did not come; check the connection and reload the page"
                .to_owned()
        };
        let promise = self.0.call0(&JsValue::NULL).and_then(JsCast::dyn_into::<Promise>);
        let module = JsFuture::from(promise.map_err(missing)?).await.map_err(missing)?;
        Ok(Loaded(module.unchecked_into()))
    }
}

impl Loaded {
    /// The fragment of a link.
    pub(crate) fn encode(&self, shared: &Shared) -> Result<String, String> {
        let value = serde_wasm_bindgen::to_value(shared).map_err(|error| error.to_string())?;
        let picture = match &shared.picture.source {
            Source::File(bytes) => Some(Uint8Array::from(&bytes[..])),
            Source::Gallery(_) | Source::Hash(_) => None,
        };
        self.0.encode(value, picture).map_err(sentence)
    }

    /// What a fragment holds.
    pub(crate) fn decode(&self, fragment: &str) -> Result<Shared, String> {
        let found = self.0.decode(fragment).map_err(sentence)?;
        let part = |name: &str| Reflect::get(&found, &name.into()).map_err(sentence);
        let mut shared: Shared = serde_wasm_bindgen::from_value(part("shared")?).map_err(|error| error.to_string())?;
        if let Source::File(bytes) = &mut shared.picture.source {
            *bytes = Uint8Array::new(&part("picture")?).to_vec();
        }
        Ok(shared)
    }

    /// A result as an SVG drawing around its picture, a JPEG file.
    pub(crate) fn card(&self, shared: &Shared, picture: &[u8]) -> Result<String, String> {
        let value = serde_wasm_bindgen::to_value(shared).map_err(|error| error.to_string())?;
        self.0.card(value, Some(Uint8Array::from(picture))).map_err(sentence)
    }

    /// SHA-256 of a file, in hex.
    pub(crate) fn sha256(&self, file: &[u8]) -> Result<String, String> {
        self.0.sha256(file).map_err(sentence)
    }
}

fn sentence(thrown: JsValue) -> String {
    match thrown.dyn_into::<Error>() {
        Ok(error) => error.message().into(),
        Err(_) => "the browser stopped it".to_owned(),
    }
}
