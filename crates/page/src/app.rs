//! The page at work: takes what happens, one thing after the other, does what has to be done, and
//! has the views show it.

use js_sys::{Function, Uint8ClampedArray};
use sightline_messages::{Command, Event, Preview};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlInputElement, ImageData};

use crate::address;
use crate::card;
use crate::codec::Codec;
use crate::dom::{after, by_id};
use crate::embed;
use crate::engine::{self, Engine, Read, Start};
use crate::first;
use crate::inbox::{self, tell};
use crate::input;
use crate::lab::{self, Lab};
use crate::mark::Mark;
use crate::memory;
use crate::parts::Parts;
use crate::save;
use crate::settings::Setting;
use crate::state::State;
use crate::update::{Effect, Input, update};
use crate::views::{self, Now, Row, View, camera};

/// What a page's script gives its module.
pub struct Script {
    /// Finds out why the worker's script does not run.
    pub why: Function,
    /// Has the browser keep the page.
    pub keep: Function,
    /// Loads the module that reads and writes links.
    pub codec: Function,
    /// Loads a script that is seldom used, by its name.
    pub part: Function,
}

/// Opens a page of the first module, where pictures are asked about: called once by its script.
pub fn open_ask(script: Script) {
    if let Some(kept) = memory::settings() {
        tell(Input::Set(Setting::Kept(kept)));
    }
    if let Some(named) = address::models() {
        tell(Input::Own(named));
    }
    let codec = open(views::ASK, Event::of_asking, None, script);
    if by_id::<HtmlInputElement>("question").is_none() {
        return;
    }
    address::listen(&codec);
    if !address::open(&codec)
        && let Some(saved) = memory::recall()
    {
        tell(Input::Restored {
            number: inbox::number(),
            saved,
        });
    }
}

/// Shows the result that the address of a page in a frame holds. No engine starts.
pub fn open_embed(script: Script) {
    embed::open(Codec::new(script.codec));
}

/// Opens a page of the second module, which measures or evaluates. As [`open_ask`].
pub fn open_lab(script: Script) {
    open(views::LAB, Event::with_kind_outside, Some(lab::update), script);
}

/// Of the pages of the second module.
type LabUpdate = fn(&mut Lab, &mut State, &Input) -> Vec<Effect>;

fn open(rows: &[Row], read: Read, lab_update: Option<LabUpdate>, script: Script) -> Codec {
    let codec = Codec::new(script.codec);
    let mut app = App {
        state: State::default(),
        lab: Lab::default(),
        read,
        lab_update,
        engine: None,
        given: Vec::new(),
        pixels: None,
        first: first::came(),
        views: views::open(rows),
        why: script.why,
        keep: script.keep,
        codec: codec.clone(),
        parts: Parts::new(script.part),
    };
    inbox::give_to(move |input| app.step(input));
    input::listen();
    tell(Input::Opened(engine::wish()));
    let left = by_id::<Element>("setup").and_then(|setup| setup.get_attribute("data-left"));
    if let Some(mark) = left.as_deref().and_then(Mark::read) {
        tell(Input::Left(mark));
    }
    codec
}

struct App {
    state: State,
    lab: Lab,
    /// What these pages hear of an engine.
    read: Read,
    /// None on the pages of the first module, which is built without it.
    lab_update: Option<LabUpdate>,
    engine: Option<Engine>,
    /// Files by their pictures' numbers, of the picture that is shown and of the last one that was
    /// given: a new engine gets the one that counts.
    given: Vec<(u32, Vec<u8>)>,
    pixels: Option<(u32, ImageData)>,
    /// What came with the page is still what there is to see.
    first: bool,
    views: Vec<(&'static str, Box<dyn View>)>,
    why: Function,
    keep: Function,
    codec: Codec,
    parts: Parts,
}

impl App {
    fn step(&mut self, input: Input) {
        let further = self
            .lab_update
            .map(|update| update(&mut self.lab, &mut self.state, &input));
        let effects = update(&mut self.state, input);
        for effect in effects.into_iter().chain(further.into_iter().flatten()) {
            self.carry_out(effect);
        }
        if self.first && !first::stands(&self.state) {
            self.first = false;
            first::give_way();
        }
        let now = Now {
            state: &self.state,
            lab: &self.lab,
            pixels: self.pixels.as_ref(),
        };
        for (id, view) in &mut self.views {
            if !self.first || first::BESIDE.contains(id) {
                view.show(&now);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::StartEngine(wish) => {
                // The old worker ends first: its memory is needed.
                self.engine = None;
                let state = &self.state;
                let start = Start {
                    device: wish,
                    models: state.own.models.clone(),
                    address: state.own.address.clone(),
                    whole: state.settings.whole,
                };
                self.engine = Engine::start(start, &self.why, self.read);
            }
            Effect::Send(command) => self.send(&command),
            Effect::Give { number, bytes } => {
                let shown = self.state.picture.shown.as_ref().map(|shown| shown.chosen.number);
                // One that can be asked about again stays, too.
                let past = &self.state.history;
                self.given.retain(|(other, _)| {
                    *other != number && (Some(*other) == shown || past.iter().any(|past| past.chosen.number == *other))
                });
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
            Effect::Save { name, kind, bytes } => save::file(&name, &kind, &bytes),
            Effect::Copy(fragment) => address::copy(&fragment),
            Effect::Link {
                shared,
                number,
                picture,
            } => address::make(&self.codec, *shared, self.file(number), picture),
            Effect::Hash(number) => self.hash(number),
            Effect::KeepSettings(kept) => {
                memory::keep_settings(&kept);
                if kept.device.is_some() {
                    address::leave_device();
                }
            }
            Effect::Camera(effect) => camera::act(&self.parts, effect),
            Effect::Card(shared) => {
                if let Some((_, pixels)) = &self.pixels {
                    card::save(&self.codec, *shared, pixels.clone());
                }
            }
            Effect::SaveHistory => {
                if let Some(bytes) = views::history::json(&self.state.history) {
                    save::file("sightline.json", "application/json", &bytes);
                }
            }
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
        if let Some(bytes) = self.file(picture) {
            self.send(&Command::Picture { picture, bytes });
        }
    }

    /// The file of a picture that was given.
    fn file(&self, picture: u32) -> Option<Vec<u8>> {
        let found = self.given.iter().find(|(number, _)| *number == picture)?;
        Some(found.1.clone())
    }

    fn hash(&self, number: u32) {
        let (codec, file) = (self.codec.clone(), self.file(number));
        spawn_local(async move {
            if let (Ok(codec), Some(file)) = (codec.load().await, file)
                && let Ok(sha256) = codec.sha256(&file)
            {
                tell(Input::Hashed { number, sha256 });
            }
        });
    }
}

/// Pixels of the page's own. A view of wasm's memory would show, at the next drawing, whatever has
/// come to lie there.
fn pixels(preview: &Preview) -> Option<ImageData> {
    let copy = Uint8ClampedArray::new_from_slice(&preview.rgba);
    ImageData::new_with_js_u8_clamped_array_and_sh(&copy, preview.width, preview.height).ok()
}
