//! The page at work: takes what happens, one thing after the other, does what has to be done, and
//! has the views show it.

use js_sys::{Function, Uint8ClampedArray};
use sightline_messages::{Command, Preview};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlInputElement, ImageData};

use crate::address;
use crate::dom::{after, by_id};
use crate::engine::{self, Engine};
use crate::inbox::{self, tell};
use crate::input;
use crate::memory;
use crate::state::State;
use crate::update::{Effect, Input, update};
use crate::views::{self, Now, View};

/// Opens the page: called once by its script. `why` finds out why the worker's script does not run,
/// `keep` has the browser keep the page.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "exported")]
pub fn open(why: Function, keep: Function) {
    let mut app = App {
        state: State::default(),
        engine: None,
        given: Vec::new(),
        pixels: None,
        views: views::open(),
        why,
        keep,
    };
    inbox::give_to(move |input| app.step(input));
    input::listen();
    tell(Input::Opened(engine::wish()));
    if by_id::<HtmlInputElement>("question").is_none() {
        return;
    }
    address::listen();
    if let Some(input) = address::result() {
        tell(input);
    } else if let Some(saved) = memory::recall() {
        tell(Input::Restored {
            number: inbox::number(),
            saved,
        });
    }
}

struct App {
    state: State,
    engine: Option<Engine>,
    /// Files by their pictures' numbers, of the picture that is shown and of the last one that was
    /// given: a new engine gets the one that counts.
    given: Vec<(u32, Vec<u8>)>,
    pixels: Option<(u32, ImageData)>,
    views: Vec<Box<dyn View>>,
    why: Function,
    keep: Function,
}

impl App {
    fn step(&mut self, input: Input) {
        for effect in update(&mut self.state, input) {
            self.carry_out(effect);
        }
        let now = Now {
            state: &self.state,
            pixels: self.pixels.as_ref(),
        };
        self.views.iter_mut().for_each(|view| view.show(&now));
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::StartEngine(wish) => {
                // The old worker ends first: its memory is needed.
                self.engine = None;
                self.engine = Engine::start(wish, &self.why);
            }
            Effect::Send(command) => self.send(&command),
            Effect::Give { number, bytes } => {
                let shown = self.state.picture.shown.as_ref().map(|shown| shown.chosen.number);
                self.given.retain(|(other, _)| Some(*other) == shown);
                self.given.push((number, bytes));
                self.give(number);
            }
            Effect::GiveAgain(number) => self.give(number),
            Effect::Keep { number, preview } => self.pixels = pixels(&preview).map(|pixels| (number, pixels)),
            Effect::Fetch { number, id } => views::gallery::fetch(number, id),
            Effect::Remember(saved) => memory::keep(&saved),
            Effect::Fill(question) => {
                if let Some(input) = by_id::<HtmlInputElement>("question") {
                    input.set_value(&question);
                }
            }
            Effect::KeepPage => {
                let _ = self.keep.call0(&wasm_bindgen::JsValue::NULL);
            }
            Effect::Persist => input::persist(),
            Effect::Remind { seconds, of } => after(seconds, move || tell(Input::Reminded(of))),
            Effect::Copy(fragment) => address::copy(&fragment),
            Effect::Reload => {
                let _ = web_sys::window().map(|window| window.location().reload());
            }
        }
    }

    fn send(&self, command: &Command) {
        if let Some(engine) = &self.engine {
            engine.send(command);
        }
    }

    fn give(&self, picture: u32) {
        if let Some((_, bytes)) = self.given.iter().find(|(number, _)| *number == picture) {
            self.send(&Command::Picture {
                picture,
                bytes: bytes.clone(),
            });
        }
    }
}

/// Pixels of the page's own. A view of wasm's memory would show, at the next drawing, whatever has
/// come to lie there.
fn pixels(preview: &Preview) -> Option<ImageData> {
    let copy = Uint8ClampedArray::new_from_slice(&preview.rgba);
    ImageData::new_with_js_u8_clamped_array_and_sh(&copy, preview.width, preview.height).ok()
}
