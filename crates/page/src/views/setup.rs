//! Before and while the models come: what will compute, how much has to be here, how far it is.

use sightline_messages::{Backend, Machine, Store, Wish};
use web_sys::{HtmlElement, HtmlProgressElement};

use super::{Now, Seen, View};
use crate::address::on_device;
use crate::dom::{by_id, focus, focused, make, now_ms, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::mark::Mark;
use crate::state::{Engine, Loading, State};
use crate::update::Input;
use crate::words;

/// Seconds of a download until its speed is worth saying.
const SPEED_AFTER_S: f64 = 2.0;

/// What this view shows of the state.
type Part = (Engine, Option<Machine>, Loading, Option<Store>, [u64; 2], Wish);

#[derive(Default)]
pub(super) struct Setup {
    seen: Seen<Part>,
    why: Seen<(Option<Machine>, Wish, bool)>,
    has_why: bool,
    /// When the download began, ms, and what had come before.
    begun: Option<(f64, u64)>,
}

impl Setup {
    pub(super) fn open() -> Self {
        on_id("load", "click", |_| tell(Input::Load));
        on_id("cancel", "click", |_| tell(Input::Cancel));
        on_id("forget", "click", |_| tell(Input::Forget));
        Self::default()
    }
}

impl View for Setup {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        let (all, here) = state.bytes();
        let part = (
            state.engine,
            state.machine.clone(),
            state.loading.clone(),
            state.store,
            [all, here],
            state.wish,
        );
        if !self.seen.is_new(part) {
            return;
        }
        set_text("setup-title", title(state));
        set_attribute("setup", "data-loading", Mark::of(state).map(Mark::text).as_deref());
        set_text("summary", &summary(state));
        set_text("step", &step(state));
        self.whole(state);
        buttons(state);
        let gone = state.engine == Engine::Gone;
        if self.why.is_new((state.machine.clone(), state.wish, gone)) {
            self.has_why = why(state);
        }
        // The bar takes its place meanwhile.
        show("why", self.has_why && !state.is_loading());
        show("forget", state.files.iter().any(|file| file.cached > 0));
    }
}

impl Setup {
    /// One bar for all downloads.
    fn whole(&mut self, state: &State) {
        let fetching = matches!(state.loading, Loading::Fetching { .. });
        show("whole", state.is_loading());
        if !fetching {
            self.begun = None;
            return;
        }
        let (all, here) = state.bytes();
        let came: u64 = state.progress.iter().map(|progress| progress.downloaded).sum();
        let (begun, before) = *self.begun.get_or_insert((now_ms(), came));
        if let Some(bar) = by_id::<HtmlProgressElement>("whole-bar") {
            bar.set_max(all.max(1) as f64);
            bar.set_value(here as f64);
        }
        let mut text = format!("{} of {}", words::bytes(here), words::bytes(all));
        let seconds = (now_ms() - begun) / 1e3;
        let speed = came.saturating_sub(before) as f64 / seconds.max(1e-3);
        if seconds > SPEED_AFTER_S && speed > 0.0 && here < all {
            let left = words::left((all - here) as f64 / speed);
            text += &format!(", {}/s, about {left}", words::bytes(speed as u64));
        }
        set_text("whole-text", &text);
    }
}

fn title(state: &State) -> &'static str {
    match (state.engine, &state.loading) {
        (Engine::Gone, _) => "The engine has stopped",
        (_, Loading::Fetching { .. } | Loading::Preparing { .. }) => "Loading the models",
        (_, Loading::Loaded(_)) => "The models are ready",
        (_, Loading::Failed) => "The models are not loaded",
        _ => "Load the models",
    }
}

fn summary(state: &State) -> String {
    match (state.engine, &state.machine, &state.loading) {
        (Engine::Starting, ..) => "The engine is starting…".into(),
        (Engine::Late, ..) => {
            "The engine has not come yet. Over a slow connection it takes a while; if nothing changes, reload the page."
                .into()
        }
        (Engine::Gone, ..) => String::new(),
        (_, _, Loading::Failed) => "What has arrived and was verified is not fetched again.".into(),
        (_, _, Loading::Fetching { cancelling: true, .. }) => "Cancelling…".into(),
        (_, _, Loading::Fetching { .. }) => "Every part is checked by its hash.".into(),
        (_, Some(machine), Loading::Not) => format!("{} {}", computes(machine), sizes(state)),
        (_, Some(machine), Loading::Loaded(_)) => computes(machine).into(),
        _ => String::new(),
    }
}

/// How much has to come.
fn sizes(state: &State) -> String {
    let (all, here) = state.bytes();
    match (all - here, here) {
        (0, _) if state.store == Some(Store::Folder) => {
            format!("All {} are in the folder you opened.", words::bytes(all))
        }
        (0, _) => format!("All {} are in this browser already.", words::bytes(all)),
        (missing, 0) => format!("{} to download. {}", words::bytes(missing), kept(state.store)),
        (missing, here) => format!(
            "{} to download, {} are here already.",
            words::bytes(missing),
            words::bytes(here)
        ),
    }
}

/// Where computing happens, in a sentence.
fn computes(machine: &Machine) -> &'static str {
    match machine.backend {
        Backend::WebGpu if machine.software => "Runs on a GPU that is imitated in software.",
        Backend::WebGpu => "Runs on your GPU.",
        Backend::Cpu => "Runs on your processor.",
    }
}

fn kept(store: Option<Store>) -> &'static str {
    match store {
        Some(Store::Memory) => "This browser keeps nothing: they are downloaded again at the next visit.",
        _ => "This browser keeps them for the next visit.",
    }
}

fn step(state: &State) -> String {
    match &state.loading {
        Loading::Fetching {
            waiting_s: Some(seconds),
            ..
        } => format!("Nothing has come for {seconds} seconds. It goes on by itself as soon as the connection does."),
        Loading::Preparing { model, number } => {
            let (all, name) = (state.files.len(), state.model_name(model));
            match state.on_processor() {
                true => format!("Preparing {number} of {all}: {name}."),
                false => format!("Compiling {number} of {all} for this device: {name}. Once a visit."),
            }
        }
        Loading::Loaded(loaded) => format!("Ready after {:.1} s.", loaded.total_ms / 1e3),
        _ => String::new(),
    }
}

fn buttons(state: &State) {
    let (all, here) = state.bytes();
    let ready = state.engine == Engine::Ready;
    let label = match state.loading {
        Loading::Failed => "Try again".to_owned(),
        _ if ready && all > here => match &state.own.host[..] {
            "" => format!("Load the models ({})", words::bytes(all - here)),
            host => format!("Load the models from {host} ({})", words::bytes(all - here)),
        },
        _ => "Load the models".to_owned(),
    };
    let offered = matches!(state.loading, Loading::Not | Loading::Failed);
    let can_cancel = state.is_loading();
    let focused = focused();
    set_text("load", &label);
    set_disabled("load", !(ready && offered));
    show("load", offered && state.engine != Engine::Gone);
    show("cancel", can_cancel);
    // A button that goes takes the focus with it: whoever uses the keyboard goes on where the next
    // one is.
    match focused.as_deref() {
        Some("load") if can_cancel => focus("cancel"),
        Some("cancel") if offered => focus("load"),
        Some("load" | "cancel") if !offered && !can_cancel => focus("setup"),
        _ => {}
    }
    set_attribute(
        "setup",
        "data-state",
        Some(if state.loaded().is_some() { "done" } else { "open" }),
    );
}

/// Writes what is not as fast or as small as it could be, and why; whether there is anything.
fn why(state: &State) -> bool {
    let Some(machine) = state.machine.as_ref().filter(|_| state.engine != Engine::Gone) else {
        return false;
    };
    let mut sentences: Vec<String> = machine.why.iter().cloned().collect();
    if let Some(seconds) = machine.patience_s {
        sentences.push(format!(
            "The first two answers about a picture take {}.",
            words::patience(seconds)
        ));
    }
    if machine.software {
        sentences.push(
            "This browser's GPU is software: compiling takes minutes, and so does a first answer. The processor alone is many times as \
             fast."
                .into(),
        );
    }
    set_text("why", &sentences.join(" "));
    let link = match machine.other {
        Some(Wish::Cpu) if machine.software => ("Let the processor compute", "cpu"),
        Some(Wish::Gpu) => ("Use WebGPU all the same", "gpu"),
        Some(Wish::Auto) if state.wish == Wish::Cpu => ("Use the GPU if there is one", "auto"),
        Some(Wish::Auto) => ("Try the GPU again", "auto"),
        _ => return !sentences.is_empty(),
    };
    if let (Some(note), Some(made)) = (by_id::<HtmlElement>("why"), make("a", "", link.0)) {
        let _ = made.set_attribute("href", &on_device(link.1));
        put(&note, make("span", "", " "));
        put(&note, Some(made));
    }
    true
}
