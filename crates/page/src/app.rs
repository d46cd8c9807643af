//! What the page knows, and what each event of the engine changes on it.

use std::cell::RefCell;

use sightline_messages::{Command, Event, FileInfo, ModelInfo, Remedy, Store};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::answers::{self, Pane};
use crate::dom::{by_id, clear, focus, make, on, on_id, put, set_disabled, set_text, show};
use crate::engine::Engine;
use crate::picture::Shown;
use crate::{bench, gallery, input, setup};

/// Most tokens of an answer.
const MAX_TOKENS: u32 = 64;
/// Most notices that stay on the page.
const NOTICES: u32 = 6;
/// Runs of a measurement.
const RUNS: u32 = 5;

thread_local! {
    static APP: RefCell<Option<App>> = const { RefCell::new(None) };
}

/// Lets `work` change the page's state. Within another such call it does nothing.
pub(crate) fn with(work: impl FnOnce(&mut App)) {
    APP.with(|app| {
        if let Ok(mut app) = app.try_borrow_mut()
            && let Some(app) = app.as_mut()
        {
            work(app);
        }
    });
}

/// Runs once, when the module is there.
#[wasm_bindgen(start)]
fn start() {
    APP.with(|app| *app.borrow_mut() = Some(App::default()));
    input::listen();
    on_id("measure", "click", |_| with(|app| app.measure()));
    if by_id::<HtmlElement>("gallery").is_some() {
        gallery::open();
    }
    with(App::start_engine);
}

/// The page's state.
#[derive(Default)]
pub(crate) struct App {
    engine: Option<Engine>,
    models: Vec<ModelInfo>,
    files: Vec<FileInfo>,
    store: Option<Store>,
    loading: bool,
    loaded: bool,
    /// Models that were compiled, or are just being.
    compiled: usize,
    /// The last file given to the engine, and the questions that go with it: a new engine gets it, too.
    given: Option<(Vec<u8>, Vec<String>)>,
    number: u32,
    shown: Option<(u32, Shown)>,
    turn: u32,
    answering: bool,
    panes: Vec<Pane>,
    remedy: Option<Remedy>,
}

impl App {
    fn start_engine(&mut self) {
        (self.loading, self.loaded, self.answering) = (false, false, false);
        self.remedy = None;
        show("problem", false);
        setup::gone("The engine is starting");
        // The old worker ends first: its memory is needed.
        self.engine = None;
        match Engine::start(|event| with(|app| app.heard(event))) {
            Ok(engine) => self.engine = Some(engine),
            Err(_) => self.broken(
                "This browser starts no module workers. A current one does.",
                Remedy::Reload,
            ),
        }
        if let Some((bytes, questions)) = self.given.take() {
            self.take_picture(bytes, questions);
        }
        self.update();
    }

    fn send(&self, command: &Command) {
        if let Some(engine) = &self.engine {
            engine.send(command);
        }
    }

    pub(crate) fn load(&mut self) {
        (self.loading, self.compiled, self.remedy) = (true, 0, None);
        show("problem", false);
        setup::loading();
        self.send(&Command::Load);
        self.update();
    }

    pub(crate) fn take_picture(&mut self, bytes: Vec<u8>, questions: Vec<String>) {
        self.number += 1;
        self.given = Some((bytes.clone(), questions));
        self.send(&Command::Picture {
            picture: self.number,
            bytes,
        });
    }

    pub(crate) fn ask(&mut self) {
        let Some(question) = by_id::<HtmlInputElement>("question").map(|input| input.value()) else {
            return;
        };
        let (Some((picture, shown)), true, false) = (&mut self.shown, self.loaded, self.answering) else {
            return;
        };
        if question.trim().is_empty() {
            set_text("picture-note", "Type a question first, or press one of those below it.");
            return;
        }
        shown.clear();
        let command = Command::Ask {
            turn: self.turn + 1,
            picture: *picture,
            question,
            max_tokens: MAX_TOKENS,
        };
        self.turn += 1;
        self.answering = true;
        set_text("picture-note", "");
        show("outside", false);
        self.panes.iter_mut().for_each(Pane::start);
        self.send(&command);
        self.update();
    }

    pub(crate) fn stop(&mut self) {
        self.send(&Command::Stop { turn: self.turn });
    }

    pub(crate) fn forget(&mut self) {
        self.send(&Command::Forget);
    }

    fn measure(&mut self) {
        set_disabled("measure", true);
        set_text("measure-note", "Measuring… on a slow machine this takes a while.");
        self.send(&Command::Measure { runs: RUNS });
    }

    /// The button beside a problem.
    pub(crate) fn remedy(&mut self) {
        match self.remedy {
            Some(Remedy::Reload) => {
                let _ = web_sys::window().map(|window| window.location().reload());
            }
            _ => self.start_engine(),
        }
    }

    fn broken(&mut self, sentence: &str, remedy: Remedy) {
        (self.loading, self.loaded, self.answering) = (false, false, false);
        self.panes.iter().for_each(Pane::ended);
        setup::gone("The engine has stopped");
        set_disabled("measure", true);
        self.problem(sentence, remedy);
        self.update();
    }

    /// Says what is wrong where it is seen, with a button for what helps.
    fn problem(&mut self, sentence: &str, remedy: Remedy) {
        self.remedy = Some(remedy);
        set_text("problem-text", sentence);
        set_text(
            "problem-button",
            match remedy {
                Remedy::Restart => "Start the engine again",
                Remedy::Reload => "Reload the page",
            },
        );
        show("problem", true);
        if let Some(problem) = by_id::<HtmlElement>("problem") {
            problem.scroll_into_view_with_bool(false);
        }
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Ready {
                machine,
                models,
                files,
                store,
                ..
            } => {
                setup::ready(&machine, &files, store);
                self.panes = answers::panes(&models);
                (self.models, self.files, self.store) = (models, files, Some(store));
            }
            Event::Progress {
                file,
                downloaded,
                cached,
                verified,
            } => {
                setup::progress(&self.files, file, downloaded, cached, verified);
            }
            Event::Notice { sentence } => notice(&sentence),
            Event::Compiling { model } => {
                self.compiled += 1;
                setup::compiling(&model, self.compiled, &self.files, &self.models);
            }
            Event::Loaded(loaded) => {
                self.remedy = None;
                (self.loading, self.loaded) = (false, true);
                show("problem", false);
                setup::loaded(&loaded, &self.models, self.store.unwrap_or(Store::Memory));
                set_disabled("measure", false);
                set_text("measure-note", "Nothing else should run meanwhile.");
            }
            Event::LoadFailed { sentence } => {
                self.loading = false;
                setup::failed();
                self.problem(&sentence, Remedy::Restart);
            }
            Event::Picture {
                picture,
                width,
                preview,
                ..
            } => self.picture(picture, width, &preview),
            Event::PictureRefused { sentence, .. } => set_text("picture-note", &sentence),
            Event::Broken { sentence, remedy } => self.broken(&sentence, remedy),
            Event::Forgotten { bytes } => {
                notice(&format!(
                    "{} were removed from this browser.",
                    crate::words::bytes(bytes)
                ));
                show("forget", false);
            }
            Event::Measured(measured) => bench::measured(&measured, &self.models),
            event => self.answer(event),
        }
        self.update();
    }

    /// What belongs to a question.
    fn answer(&mut self, event: Event) {
        match event {
            Event::Started { outside_training, .. } => show("outside", outside_training),
            Event::Looking { model, .. } => self.in_pane(&model, |pane| pane.looking()),
            Event::Looked { model, reused, .. } => self.in_pane(&model, |pane| pane.looked(reused)),
            Event::Text { model, text, .. } => self.in_pane(&model, |pane| pane.append(&text)),
            Event::Answered { answer, .. } => {
                self.in_pane(&answer.model, |pane| pane.answered(&answer));
                let arm = self
                    .panes
                    .iter()
                    .find(|pane| pane.model == answer.model)
                    .map(|pane| &pane.arm);
                if let (Some(arm), Some((_, shown))) = (arm, &mut self.shown) {
                    shown.add(arm, &answer.boxes);
                }
            }
            Event::Refused { sentence, .. } => set_text("picture-note", &sentence),
            Event::Done { .. } => {
                self.answering = false;
                self.panes.iter().for_each(Pane::ended);
            }
            _ => {}
        }
    }

    fn in_pane(&mut self, model: &str, work: impl FnOnce(&mut Pane)) {
        if let Some(pane) = self.panes.iter_mut().find(|pane| pane.model == model) {
            work(pane);
        }
    }

    fn picture(&mut self, number: u32, width: u32, preview: &sightline_messages::Preview) {
        set_text("picture-note", "");
        self.shown = Shown::new(number, width, preview).map(|shown| (number, shown));
        let own = self
            .given
            .as_ref()
            .map(|(_, questions)| questions.clone())
            .unwrap_or_default();
        let kinds = self.models.first().map(|model| &model.kinds[..]).unwrap_or_default();
        let questions = if own.is_empty() {
            kinds.iter().map(|kind| kind.example.clone()).collect()
        } else {
            own
        };
        suggest(questions);
    }

    /// What depends on more than one thing: the buttons, and the sentence about what is still missing.
    fn update(&self) {
        let focused = crate::dom::focused();
        set_disabled("send", !(self.loaded && self.shown.is_some() && !self.answering));
        show("send", !self.answering);
        show("stop", self.answering);
        // A button that goes takes the focus with it: whoever uses the keyboard goes on where the other is.
        match (focused.as_deref(), self.answering) {
            (Some("send"), true) => focus("stop"),
            (Some("stop"), false) => focus("send"),
            _ => {}
        }
        let missing = match (self.loaded, self.loading, self.shown.is_some()) {
            // What helps stands with the problem.
            _ if self.remedy.is_some() => "",
            (true, _, true) => "",
            (true, _, false) => "Choose a picture, then ask.",
            (_, true, true) => "The models are coming; then you can ask.",
            (_, true, false) => "The models are coming; meanwhile choose a picture.",
            (_, _, true) => "Load the models, then ask.",
            (_, _, false) => "Load the models and choose a picture, then ask.",
        };
        set_text("before", missing);
    }
}

/// Questions to try; pressing one asks it.
fn suggest(questions: Vec<String>) {
    let Some(list) = by_id::<HtmlElement>("suggestions") else {
        return;
    };
    clear(&list);
    for question in questions {
        let Some(button) = make("button", "", &question) else {
            continue;
        };
        let _ = button.set_attribute("type", "button");
        on(&button, "click", move |_| {
            if let Some(input) = by_id::<HtmlInputElement>("question") {
                input.set_value(&question);
            }
            with(|app| app.ask());
        });
        put(&list, Some(button));
    }
}

fn notice(sentence: &str) {
    let Some(list) = by_id::<HtmlElement>("notices") else {
        return;
    };
    put(&list, make("li", "", sentence));
    if list.child_element_count() > NOTICES
        && let Some(oldest) = list.first_element_child()
    {
        oldest.remove();
    }
}
