//! The engine of the page: one per worker. It takes [`Command`]s one after the other and answers
//! with [`Event`]s. A stop, a cancel and a picture overtake. Nothing but this crate touches WebGPU
//! or a model, and nothing in it leaves the machine.

mod answer;
mod arms;
mod attached;
mod browser;
mod cache;
mod commands;
mod device;
mod download;
#[cfg(feature = "evaluate")]
mod evaluate;
#[cfg(feature = "evaluate")]
mod evaluations;
mod failure;
mod hello;
mod list;
mod load;
mod lock;
mod look;
mod measure;
mod opfs;
mod outbox;
mod parts;
mod picture;
mod request;
mod sentence;
mod signals;
mod state;
mod store;
mod sweep;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Function;
#[cfg(feature = "evaluate")]
use sightline_messages::EvaluateCommand;
use sightline_messages::{Command, Event, LookCommand, Remedy, SweepCommand};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::spawn_local;

use attached::Attached;
#[cfg(feature = "evaluate")]
use evaluations::Evaluations;
use outbox::Outbox;
use picture::Pictures;
use signals::{Cancel, Stop};
use state::State;

/// The engine, as the worker's script holds it.
#[allow(
    unreachable_pub,
    reason = "wasm-bindgen exports public types only, whatever module they are in"
)]
#[wasm_bindgen]
pub struct Engine {
    shared: Rc<Shared>,
}

/// What the commands share with the one that is running.
struct Shared {
    outbox: Outbox,
    waiting: RefCell<VecDeque<Command>>,
    /// Absent while a command runs.
    state: RefCell<Option<State>>,
    stop: Stop,
    looks: Stop,
    sweeping: Cancel,
    cancel: Cancel,
    /// Ends an evaluation.
    #[cfg(feature = "evaluate")]
    halt: Cancel,
    attached: Attached,
    pictures: Pictures,
}

#[wasm_bindgen]
impl Engine {
    /// An engine that hands every event, as a plain value, to `post`.
    #[wasm_bindgen(constructor)]
    #[allow(unreachable_pub, reason = "exported")]
    pub fn new(post: Function) -> Self {
        let outbox = Outbox::new(post);
        outbox::report_panics(&outbox);
        let (stop, looks) = (Stop::default(), Stop::default());
        let (sweeping, cancel) = (Cancel::default(), Cancel::default());
        let pictures = Pictures::new(outbox.clone());
        let signals = (stop.clone(), looks.clone(), sweeping.clone(), cancel.clone());
        let attached = Attached::default();
        let state = State::new(outbox.clone(), signals, pictures.clone(), attached.clone());
        #[cfg(feature = "evaluate")]
        let halt = Cancel::default();
        #[cfg(feature = "evaluate")]
        let evaluations = Evaluations::new(halt.clone(), attached.clone());
        #[cfg(feature = "evaluate")]
        let state = State { evaluations, ..state };
        Self {
            shared: Rc::new(Shared {
                state: RefCell::new(Some(state)),
                outbox,
                waiting: RefCell::default(),
                stop,
                looks,
                sweeping,
                cancel,
                #[cfg(feature = "evaluate")]
                halt,
                attached,
                pictures,
            }),
        }
    }

    /// Takes a command, a plain value.
    #[allow(unreachable_pub, reason = "exported")]
    pub fn command(&self, value: JsValue) {
        self.shared.attached.take_from(&value);
        let command = match serde_wasm_bindgen::from_value(value) {
            Ok(command) => command,
            Err(error) => {
                return self.shared.outbox.send(&Event::Broken {
                    sentence: format!(
                        "The page said something that this engine does not understand ({error}): the two are of different \
                         versions. Reload the page."
                    ),
                    remedy: Remedy::Reload,
                });
            }
        };
        match &command {
            Command::Stop { turn } => return self.shared.stop.ask(*turn),
            Command::Sweep(SweepCommand::Stop) => return self.shared.sweeping.set(true),
            Command::Look(LookCommand::Stop { look }) => return self.shared.looks.ask(*look),
            Command::Cancel => return self.shared.cancel.set(true),
            Command::Load => self.shared.cancel.set(false),
            #[cfg(feature = "evaluate")]
            Command::Evaluate(EvaluateCommand::Stop) => return self.shared.halt.set(true),
            #[cfg(feature = "evaluate")]
            Command::Evaluate(EvaluateCommand::Run(_)) => self.shared.halt.set(false),
            // What waits may be minutes of downloading: a picture is shown, or refused, at once.
            Command::Picture { picture, bytes } if self.shared.pictures.ready() => {
                return self.shared.pictures.take(*picture, bytes);
            }
            _ => {}
        }
        self.shared.waiting.borrow_mut().push_back(command);
        let taken = self.shared.state.borrow_mut().take();
        // No state: a command is running, and what waits comes after it.
        if let Some(state) = taken {
            spawn_local(run(Rc::clone(&self.shared), state));
        }
    }
}

/// Carries out what waits, then lays the state down.
async fn run(shared: Rc<Shared>, mut state: State) {
    loop {
        let next = shared.waiting.borrow_mut().pop_front();
        match next {
            Some(command) => commands::run(&mut state, command).await,
            None => break,
        }
    }
    *shared.state.borrow_mut() = Some(state);
}
