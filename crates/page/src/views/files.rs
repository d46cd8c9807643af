//! What is loaded, and what computes: a bar per file, and the machine's facts.

use sightline_messages::{Backend, Dtype, FileInfo, Machine, Store};
use web_sys::{Element, HtmlElement, HtmlProgressElement};

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, fact, make, put, set_attribute, set_text, show};
use crate::state::{Engine, Loading, Progress, State};
use crate::words;

#[derive(Default)]
pub(super) struct Files {
    rows: Seen<Vec<(String, u64)>>,
    progress: Seen<(Vec<Progress>, Phase)>,
    facts: Seen<(Option<Machine>, Option<Store>, Loading)>,
}

/// Which bars are seen, and which of the three steps is the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Loading(u32),
    Loaded,
}

impl Phase {
    fn of(state: &State) -> Self {
        match state.loading {
            Loading::Fetching { .. } => Self::Loading(0),
            Loading::Preparing { .. } => Self::Loading(1),
            Loading::Loaded(_) => Self::Loaded,
            Loading::Not | Loading::Failed => Self::Waiting,
        }
    }
}

impl View for Files {
    fn show(&mut self, now: &Now<'_>) {
        let state = now.state;
        if state.engine != Engine::Ready {
            show("steps", false);
            return;
        }
        let names = state.files.iter().map(|file| (file.name.clone(), file.bytes));
        if self.rows.is_new(names.collect()) {
            rows(&state.files);
            self.progress = Seen::default();
        }
        let phase = Phase::of(state);
        if self.progress.is_new((state.progress.clone(), phase)) {
            bars(state, phase);
        }
        // Numbers of a download do not change the facts.
        let loading = match &state.loading {
            Loading::Loaded(loaded) => Loading::Loaded(loaded.clone()),
            _ => Loading::Not,
        };
        if self.facts.is_new((state.machine.clone(), state.store, loading)) {
            facts(state);
        }
    }
}

/// A row for every file: what it is, how large, how much of it is here.
fn rows(files: &[FileInfo]) {
    let Some(list) = by_id::<HtmlElement>("files") else {
        return;
    };
    clear(&list);
    for (i, file) in files.iter().enumerate() {
        put(&list, row(i, file));
    }
}

fn row(i: usize, file: &FileInfo) -> Option<HtmlElement> {
    let row = make("li", "", "")?;
    row.set_id(&format!("file-{i}"));
    let (title, what) = words::file(file);
    let label = make("label", "", &title)?;
    let _ = label.set_attribute("for", &format!("bar-{i}"));
    put(&label, make("span", "", &words::bytes(file.bytes)));
    put(&row, Some(label));
    put(&row, make("p", "", what));
    let bar = make("progress", "", "")?;
    bar.set_id(&format!("bar-{i}"));
    let _ = bar.set_attribute("max", &file.bytes.to_string());
    let _ = bar.set_attribute("value", &file.cached.to_string());
    put(&row, Some(bar));
    let now = make("p", "now", "")?;
    now.set_id(&format!("bar-text-{i}"));
    put(&row, Some(now));
    Some(row)
}

fn bars(state: &State, phase: Phase) {
    let name = match phase {
        Phase::Waiting => "waiting",
        Phase::Loading(_) => "loading",
        Phase::Loaded => "loaded",
    };
    set_attribute("files", "data-state", Some(name));
    show("steps", matches!(phase, Phase::Loading(_)));
    set_text("prepare", if state.on_processor() { "Prepare" } else { "Compile" });
    if let Phase::Loading(step) = phase {
        steps(step);
    }
    for (i, (file, progress)) in state.files.iter().zip(&state.progress).enumerate() {
        if let Some(bar) = by_id::<HtmlProgressElement>(&format!("bar-{i}")) {
            bar.set_value((progress.downloaded + progress.cached).min(file.bytes) as f64);
        }
        let verified = progress.verified >= file.bytes;
        let row = if verified { "verified" } else { "coming" };
        set_attribute(&format!("file-{i}"), "data-state", Some(row));
        let text = match phase {
            Phase::Waiting => waits(file, progress),
            _ => comes(progress, verified),
        };
        set_text(&format!("bar-text-{i}"), &text);
    }
}

/// How a file would come, and what is here.
fn waits(file: &FileInfo, progress: &Progress) -> String {
    let parts = match file.parts.len() {
        1 => "1 part".to_owned(),
        n => format!(
            "{n} parts of up to {}",
            words::bytes(file.parts.iter().copied().max().unwrap_or(0))
        ),
    };
    let here = match progress.cached {
        0 => "nothing here yet".to_owned(),
        cached if cached == file.bytes => "all of it cached".to_owned(),
        cached => format!("{} cached", words::bytes(cached)),
    };
    format!("{parts}, {here}")
}

/// How far a file is.
fn comes(progress: &Progress, verified: bool) -> String {
    let mut text: Vec<String> = [(progress.downloaded, "downloaded"), (progress.cached, "cached")]
        .iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, what)| format!("{} {what}", words::bytes(*bytes)))
        .collect();
    text.push(match verified {
        true => "✓ verified".to_owned(),
        false => format!("{} verified", words::bytes(progress.verified)),
    });
    text.join(", ")
}

/// Marks one of the three steps as the present one.
fn steps(now: u32) {
    let Some(list) = by_id::<Element>("steps") else { return };
    let steps = list.children();
    for i in 0..steps.length() {
        let Some(item) = steps.item(i) else { continue };
        let state = match i.cmp(&now) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "next",
        };
        let _ = item.set_attribute("data-state", state);
        let _ = match i == now {
            true => item.set_attribute("aria-current", "step"),
            false => item.remove_attribute("aria-current"),
        };
    }
}

fn facts(state: &State) {
    let (Some(list), Some(machine)) = (by_id::<HtmlElement>("facts"), &state.machine) else {
        return;
    };
    clear(&list);
    let backend = match machine.backend {
        Backend::WebGpu if machine.software => "WebGPU in software",
        Backend::WebGpu => "WebGPU",
        Backend::Cpu => "Processor",
    };
    let dtype = match machine.dtype {
        Dtype::F32 => "32-bit (f32)",
        Dtype::F16 => "16-bit products, 32-bit sums (f16, compared with f32 here)",
    };
    fact(&list, "Computes on", &format!("{backend}: {}", machine.adapter));
    fact(&list, "Arithmetic of the encoders", dtype);
    let place = match state.store {
        Some(Store::Opfs) => "this site's private files in the browser",
        Some(Store::Cache) => "the browser's cache for this site",
        Some(Store::Folder) => "the folder you opened; nothing is downloaded",
        _ => "memory only",
    };
    fact(&list, "Downloads are kept in", place);
    let Some(loaded) = state.loaded() else { return };
    if let Some(cosine) = loaded.check {
        let verdict = format!("features as they came with the weights (lowest cosine {cosine:.6})");
        fact(&list, "Checked when loaded", &verdict);
    }
    let what = if state.on_processor() { "Preparing" } else { "Compiling" };
    for (id, ms) in &loaded.compile_ms {
        fact(&list, &format!("{what} {}", state.model_name(id)), &words::ms(*ms));
    }
    fact(&list, "On the device", &words::bytes(loaded.device_bytes));
    fact(&list, "In the engine's memory", &words::bytes(loaded.heap_bytes));
}
