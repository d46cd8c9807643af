//! Before and while the models come: what will compute, how much has to be here, how far it is.

use sightline_messages::{Dtype, FileInfo, Loaded, Machine, ModelInfo, Store};
use web_sys::{Element, HtmlElement, HtmlProgressElement};

use crate::dom::{by_id, clear, fact, make, put, set_attribute, set_disabled, set_text, show};
use crate::words;

/// Shows what the engine found, before anything is fetched.
pub(crate) fn ready(machine: &Machine, files: &[FileInfo], store: Store) {
    let all: u64 = files.iter().map(|file| file.bytes).sum();
    let cached: u64 = files.iter().map(|file| file.cached).sum();
    let (label, sizes) = match (all - cached, cached) {
        (0, _) => (
            "Load the models".to_owned(),
            format!("All {} are in this browser already.", words::bytes(all)),
        ),
        (missing, 0) => (
            format!("Load the models ({})", words::bytes(missing)),
            format!("{} to download. {}", words::bytes(missing), kept(store)),
        ),
        (missing, _) => (
            format!("Load the models ({})", words::bytes(missing)),
            format!(
                "{} to download, {} are here already.",
                words::bytes(missing),
                words::bytes(cached)
            ),
        ),
    };
    set_text("setup-title", "Load the models");
    set_text("summary", &format!("{} {sizes}", computes(machine)));
    set_text("load", &label);
    set_disabled("load", false);
    show("load", true);
    show("steps", false);
    show("forget", cached > 0);
    set_attribute("more", "open", Some(""));
    why(machine);
    facts(machine, store);
    rows(files);
}

/// Where computing happens, in a sentence.
fn computes(machine: &Machine) -> String {
    let dtype = match machine.dtype {
        Dtype::F32 => "32-bit",
        Dtype::F16 => "16-bit",
    };
    match machine.backend.as_str() {
        "webgpu" if machine.software => {
            format!("A GPU in software computes, through WebGPU, {dtype}.")
        }
        "webgpu" => format!("Your GPU computes, through WebGPU, {dtype}."),
        _ => format!("The processor computes, {dtype}."),
    }
}

fn kept(store: Store) -> &'static str {
    match store {
        Store::Opfs | Store::Cache => "This browser keeps them for the next visit.",
        Store::Memory => "This browser keeps nothing: they are downloaded again at the next visit.",
    }
}

/// What is not as fast or as small as it could be, and why.
fn why(machine: &Machine) {
    let mut sentences: Vec<String> = machine.why.iter().cloned().collect();
    if let Some(seconds) = machine.patience_s {
        sentences.push(format!(
            "The first two answers about a picture will take {}.",
            words::patience(seconds)
        ));
    }
    if machine.software {
        sentences.push("This browser's GPU is software: the processor alone is many times as fast.".into());
    }
    show("why", !sentences.is_empty());
    set_text("why", &sentences.join(" "));
    if machine.software
        && let Some(note) = by_id::<HtmlElement>("why")
        && let Some(link) = make("a", "", "Let the processor compute")
    {
        let _ = link.set_attribute("href", "?device=cpu");
        put(&note, make("span", "", " "));
        put(&note, Some(link));
    }
}

fn facts(machine: &Machine, store: Store) -> Option<HtmlElement> {
    let list = by_id::<HtmlElement>("facts")?;
    clear(&list);
    let backend = match machine.backend.as_str() {
        "webgpu" if machine.software => "WebGPU in software",
        "webgpu" => "WebGPU",
        _ => "Processor",
    };
    let dtype = match machine.dtype {
        Dtype::F32 => "32-bit (f32)",
        Dtype::F16 => "16-bit products, 32-bit sums (f16, compared with f32 here)",
    };
    fact(&list, "Computes on", &format!("{backend}: {}", machine.adapter));
    fact(&list, "Arithmetic of the encoders", dtype);
    let place = match store {
        Store::Opfs => "this site's private files in the browser",
        Store::Cache => "the browser's cache for this site",
        Store::Memory => "memory only",
    };
    fact(&list, "Downloads are kept in", place);
    Some(list)
}

/// A row for every file: what it is, how large, how much of it is here.
fn rows(files: &[FileInfo]) {
    let Some(list) = by_id::<HtmlElement>("files") else {
        return;
    };
    clear(&list);
    set_attribute("files", "data-state", Some("waiting"));
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
    let parts = match file.parts.len() {
        1 => "1 part".to_owned(),
        n => format!(
            "{n} parts of up to {}",
            words::bytes(file.parts.iter().copied().max().unwrap_or(0))
        ),
    };
    let here = match file.cached {
        0 => "nothing here yet".to_owned(),
        cached if cached == file.bytes => "all of it cached".to_owned(),
        cached => format!("{} cached", words::bytes(cached)),
    };
    let now = make("p", "now", &format!("{parts}, {here}"))?;
    now.set_id(&format!("bar-text-{i}"));
    put(&row, Some(now));
    Some(row)
}

/// The button was pressed.
pub(crate) fn loading() {
    set_disabled("load", true);
    set_text("setup-title", "Loading the models");
    set_text("summary", "");
    set_text("load", "Loading…");
    set_text(
        "step",
        "Downloading what is missing; every part is verified by its hash.",
    );
    set_attribute("more", "open", Some(""));
    set_attribute("files", "data-state", Some("loading"));
    show("steps", true);
    step(0);
}

/// Marks one of the three steps as the present one.
fn step(now: u32) {
    let Some(list) = by_id::<Element>("steps") else { return };
    let steps = list.children();
    for i in 0..steps.length() {
        let Some(item) = steps.item(i) else { continue };
        let state = if i < now {
            "done"
        } else if i == now {
            "now"
        } else {
            "next"
        };
        let _ = item.set_attribute("data-state", state);
        let _ = match i == now {
            true => item.set_attribute("aria-current", "step"),
            false => item.remove_attribute("aria-current"),
        };
    }
}

/// A file has come further.
pub(crate) fn progress(files: &[FileInfo], file: u32, downloaded: u64, cached: u64, verified: u64) {
    let Some(info) = files.get(file as usize) else { return };
    if let Some(bar) = by_id::<HtmlProgressElement>(&format!("bar-{file}")) {
        bar.set_value((downloaded + cached).min(info.bytes) as f64);
    }
    let all = verified >= info.bytes;
    let state = if all { "verified" } else { "coming" };
    set_attribute(&format!("file-{file}"), "data-state", Some(state));
    let mut text: Vec<String> = [(downloaded, "downloaded"), (cached, "cached")]
        .iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, what)| format!("{} {what}", words::bytes(*bytes)))
        .collect();
    text.push(if all {
        "✓ verified".to_owned()
    } else {
        format!("{} verified", words::bytes(verified))
    });
    set_text(&format!("bar-text-{file}"), &text.join(", "));
}

/// The `number`th of all models is being compiled.
pub(crate) fn compiling(model: &str, number: usize, files: &[FileInfo], models: &[ModelInfo]) {
    step(1);
    let name = name(model, models);
    set_text(
        "step",
        &format!(
            "Compiling {number} of {} for this device: {name}. Once a visit.",
            files.len()
        ),
    );
}

/// A model for people, by its id.
fn name(id: &str, models: &[ModelInfo]) -> String {
    models
        .iter()
        .find(|model| model.id == id)
        .map_or_else(|| "the language model".to_owned(), |model| model.name.clone())
}

/// Everything is there.
pub(crate) fn loaded(loaded: &Loaded, models: &[ModelInfo], store: Store) {
    let compile: f64 = loaded.compile_ms.iter().map(|(_, ms)| ms).sum();
    set_text("setup-title", "The models are ready");
    set_text("summary", &computes(&loaded.machine));
    set_text(
        "step",
        &format!(
            "Ready after {}, {} of it compiling.",
            words::ms(loaded.total_ms),
            words::ms(compile)
        ),
    );
    step(3);
    why(&loaded.machine);
    if let Some(list) = facts(&loaded.machine, store) {
        for (id, ms) in &loaded.compile_ms {
            fact(&list, &format!("Compiling {}", name(id, models)), &words::ms(*ms));
        }
        fact(&list, "On the device", &words::bytes(loaded.device_bytes));
        fact(&list, "In the engine's memory", &words::bytes(loaded.heap_bytes));
    }
    set_attribute("files", "data-state", Some("loaded"));
    set_attribute("more", "open", None);
    set_disabled("load", true);
    show("load", false);
    show("steps", false);
    show("forget", true);
}

/// Loading failed; the button tries again.
pub(crate) fn failed() {
    set_text("setup-title", "The models are not loaded");
    set_text("summary", "What has arrived and was verified is not fetched again.");
    set_text("step", "");
    set_text("load", "Try again");
    set_attribute("files", "data-state", Some("waiting"));
    set_disabled("load", false);
    show("steps", false);
}

/// There is no engine, or none yet.
pub(crate) fn gone(title: &str) {
    set_text("setup-title", title);
    set_text("summary", "");
    set_text("step", "");
    set_disabled("load", true);
    show("load", false);
    show("why", false);
    show("steps", false);
}
