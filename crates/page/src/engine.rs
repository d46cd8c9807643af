//! The engine's worker.

use sightline_messages::{Command, Event, Remedy, VERSION, Wish};
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// A running worker. Ended when dropped.
pub(crate) struct Engine {
    worker: Worker,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Engine {
    /// Starts a worker that gives its events to `heard`, and greets it.
    pub(crate) fn start(heard: impl FnMut(Event) + Clone + 'static) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options("engine.js", &options)?;
        let mut on_event = heard.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            on_event(read(event.data()));
        });
        let mut on_error = heard;
        let error = Closure::<dyn FnMut(web_sys::Event)>::new(move |_| {
            on_error(Event::Broken {
                sentence: "The engine's script could not be loaded. Check the connection and start it again.".into(),
                remedy: Remedy::Restart,
            });
        });
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        let engine = Self {
            worker,
            _message: message,
            _error: error,
        };
        engine.send(&Command::Hello {
            version: VERSION,
            bundle: address("bundle.json"),
            device: wish(),
        });
        Ok(engine)
    }

    pub(crate) fn send(&self, command: &Command) {
        if let Ok(value) = serde_wasm_bindgen::to_value(command) {
            let _ = self.worker.post_message(&value);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }
}

/// An engine of another version may say what this page does not know.
fn read(value: JsValue) -> Event {
    serde_wasm_bindgen::from_value(value).unwrap_or_else(|error| Event::Broken {
        sentence: format!(
            "The engine said something that this page does not understand ({error}): the two are of different versions. Reload the \
             page."
        ),
        remedy: Remedy::Reload,
    })
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

/// `?device=cpu` asks for the processor.
fn wish() -> Wish {
    let search = web_sys::window()
        .and_then(|window| window.location().search().ok())
        .unwrap_or_default();
    match search
        .trim_start_matches('?')
        .split('&')
        .any(|pair| pair == "device=cpu")
    {
        true => Wish::Cpu,
        false => Wish::Auto,
    }
}
