//! The engine's worker.

use js_sys::{Function, Object, Promise, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::{Deserializer, Error, Serializer};
use sightline_messages::{Command, Event, Models, Remedy, VERSION, Wish};
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::attached;
use crate::dom::by_id;
use crate::inbox::tell;
use crate::update::Input;

/// Reads what an engine says. Each module holds what its own pages hear.
pub(crate) type Read = fn(Deserializer) -> Result<Event, Error>;

/// What an engine is started with.
pub(crate) struct Start {
    pub(crate) device: Wish,
    pub(crate) models: Models,
    /// Of the list of files; empty for the page's own.
    pub(crate) address: String,
    /// Encoders stay in 32 bits.
    pub(crate) whole: bool,
}

/// A running worker. Ended when dropped.
pub(crate) struct Engine {
    worker: Worker,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Engine {
    /// Starts a worker, and greets it. What it says, and `why` it does not run, is
    /// told to the page, as `read` reads it.
    pub(crate) fn start(start: Start, why: &Function, read: Read) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let Ok(worker) = Worker::new_with_options(script(), &options) else {
            tell(Input::Heard(Event::Broken {
                sentence: "This browser starts no module workers. A current one does.".into(),
                remedy: Remedy::Reload,
            }));
            return None;
        };
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            tell(Input::Heard(said(event.data(), read)));
        });
        let why = why.clone();
        let error = Closure::<dyn FnMut(web_sys::Event)>::new(move |_| {
            let why = why.clone();
            spawn_local(async move { tell(Input::Heard(diagnosed(&why, read).await)) });
        });
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        let engine = Self {
            worker,
            _message: message,
            _error: error,
        };
        if let Models::Folder { .. } = &start.models {
            attached::models();
        }
        engine.send(&Command::Hello {
            version: VERSION,
            bundle: match start.address.is_empty() {
                true => address("bundle.json"),
                false => start.address,
            },
            device: start.device,
            models: start.models,
            whole: start.whole,
        });
        Some(engine)
    }

    pub(crate) fn send(&self, command: &Command) {
        // A seed may be larger than what a number of JavaScript holds exactly.
        let values = Serializer::new().serialize_large_number_types_as_bigints(true);
        if let Ok(value) = command.serialize(&values) {
            attached::put_into(&value);
            let _ = self.worker.post_message(&value);
        }
    }
}

/// The worker's script. The page that evaluates has an engine of its own.
fn script() -> &'static str {
    match by_id::<HtmlElement>("evaluate") {
        Some(_) => "engine.js?evaluate",
        None => "engine.js",
    }
}

/// Why the worker's script does not run, as the page's script finds it out.
async fn diagnosed(why: &Function, read: Read) -> Event {
    let asked = why
        .call0(&JsValue::NULL)
        .ok()
        .and_then(|value| value.dyn_into::<Promise>().ok());
    let found = match asked {
        Some(promise) => JsFuture::from(promise).await.ok().map(|value| said(value, read)),
        None => None,
    };
    found.unwrap_or_else(|| Event::Broken {
        sentence: "The engine's script could not be loaded. Check the connection and start it again.".into(),
        remedy: Remedy::Restart,
    })
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// An engine of another version may say what this page does not know.
fn said(value: JsValue, read: Read) -> Event {
    let outside = kind_outside(value, "kind", 1).unwrap_or(JsValue::UNDEFINED);
    read(Deserializer::from(outside)).unwrap_or_else(|error| Event::Broken {
        sentence: format!(
            "The engine said something that this page does not understand ({error}): the two are of different versions. Reload the \
             page."
        ),
        remedy: Remedy::Reload,
    })
}

/// `{kind, fields}` as [`Event::with_kind_outside`] reads it. `tag` names the kind, and so many
/// `tags` stand among the fields.
fn kind_outside(event: JsValue, tag: &str, tags: u32) -> Option<JsValue> {
    let kind = Reflect::get(&event, &tag.into()).ok()?;
    let within = Event::tag_within(&kind.as_string()?).filter(|_| tags == 1);
    let of_kind = match within {
        Some(within) => kind_outside(event, within, 2)?,
        None if Reflect::own_keys(&event).ok()?.length() == tags => return Some(kind),
        None => event,
    };
    let outside = Object::new();
    Reflect::set(&outside, &kind, &of_kind).ok()?;
    Some(outside.into())
}

/// A file beside the page, as an absolute address.
fn address(name: &str) -> String {
    let here = web_sys::window()
        .and_then(|window| window.location().href().ok())
        .unwrap_or_default();
    let folder = here
        .split(['?', '#'])
        .next()
        .and_then(|plain| plain.rsplit_once('/'))
        .map_or("", |(folder, _)| folder);
    format!("{folder}/{name}")
}

/// `?device=cpu` asks for the processor, `?device=gpu` for WebGPU also where it is software.
pub(crate) fn wish() -> Option<Wish> {
    let search = web_sys::window()
        .and_then(|window| window.location().search().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let device = search
        .trim_start_matches('?')
        .split('&')
        .find_map(|pair| pair.strip_prefix("device="));
    match device {
        Some("cpu") => Some(Wish::Cpu),
        Some("gpu") => Some(Wish::Gpu),
        Some("auto") => Some(Wish::Auto),
        _ => None,
    }
}
