//! Before and while the models come: what will compute, how much has to be here, how far it is.

use sightline_messages::{Dtype, FileInfo, Loaded, Machine, Store};
use web_sys::{HtmlElement, HtmlProgressElement};

use crate::dom::{by_id, clear, fact, make, put, set_disabled, set_text, show};
use crate::words;

/// Shows what the engine found, before anything is fetched.
pub(crate) fn ready(machine: &Machine, files: &[FileInfo], store: Store) {
    facts(machine, files, store);
    let all: u64 = files.iter().map(|file| file.bytes).sum();
    let cached: u64 = files.iter().map(|file| file.cached).sum();
    let label = match all - cached {
        0 => "Load the models (all of them are here)".to_owned(),
        missing => format!("Load the models ({} to download)", words::bytes(missing)),
    };
    set_text("load", &label);
    set_disabled("load", false);
    show("forget", cached > 0);
}

fn facts(machine: &Machine, files: &[FileInfo], store: Store) {
    let Some(list) = by_id::<HtmlElement>("facts") else {
        return;
    };
    clear(&list);
    let backend = match machine.backend.as_str() {
        "webgpu" if machine.software => "WebGPU in software",
        "webgpu" => "WebGPU",
        _ => "Processor",
    };
    fact(&list, "Computes on", &format!("{backend}: {}", machine.adapter));
    fact(&list, "Arithmetic of the encoders", dtype(machine.dtype));
    for file in files {
        let parts = match file.parts.len() {
            1 => "one part".to_owned(),
            n => format!(
                "{n} parts of up to {}",
                words::bytes(file.parts.iter().copied().max().unwrap_or(0))
            ),
        };
        let here = match file.cached {
            0 => String::new(),
            cached => format!(", {} here already", words::bytes(cached)),
        };
        fact(
            &list,
            &words::file(&file.name),
            &format!("{} in {parts}{here}", words::bytes(file.bytes)),
        );
    }
    fact(
        &list,
        "Kept in",
        match store {
            Store::Opfs => "this site's private files in the browser",
            Store::Cache => "the browser's cache for this site",
            Store::Memory => "memory only: downloaded again at the next visit",
        },
    );
    if let Some(why) = &machine.why {
        fact(&list, "Why", why);
    }
    if let Some(seconds) = machine.patience_s {
        fact(&list, "First answers of both", &words::patience(seconds));
    }
}

fn dtype(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F32 => "32-bit (f32)",
        Dtype::F16 => "16-bit products, 32-bit sums (f16, compared with f32 here)",
    }
}

/// The button was pressed.
pub(crate) fn loading(files: &[FileInfo]) {
    set_disabled("load", true);
    set_text("step", "Downloading and checking…");
    let Some(list) = by_id::<HtmlElement>("files") else {
        return;
    };
    clear(&list);
    list.set_hidden(false);
    for (i, file) in files.iter().enumerate() {
        let Some(row) = make("li", "", "") else { continue };
        if let Some(label) = make("label", "", "") {
            let _ = label.set_attribute("for", &format!("bar-{i}"));
            put(&label, make("b", "", &words::file(&file.name)));
            if let Some(state) = make("span", "", "waiting") {
                state.set_id(&format!("bar-text-{i}"));
                put(&label, Some(state));
            }
            put(&row, Some(label));
        }
        if let Some(bar) = make("progress", "", "") {
            bar.set_id(&format!("bar-{i}"));
            let _ = bar.set_attribute("max", &file.bytes.to_string());
            let _ = bar.set_attribute("value", "0");
            put(&row, Some(bar));
        }
        put(&list, Some(row));
    }
}

/// A file has come further.
pub(crate) fn progress(files: &[FileInfo], file: u32, downloaded: u64, cached: u64, verified: u64) {
    let Some(info) = files.get(file as usize) else { return };
    if let Some(bar) = by_id::<HtmlProgressElement>(&format!("bar-{file}")) {
        bar.set_value((downloaded + cached).min(info.bytes) as f64);
    }
    let text = format!(
        "{} downloaded, {} from this browser, {} of {} verified",
        words::bytes(downloaded),
        words::bytes(cached),
        words::bytes(verified),
        words::bytes(info.bytes)
    );
    set_text(&format!("bar-text-{file}"), &text);
}

/// A model is being compiled.
pub(crate) fn compiling(model: &str) {
    set_text("step", &format!("Compiling {model} for this device… (once a visit)"));
}

/// Everything is there.
pub(crate) fn loaded(loaded: &Loaded, files: &[FileInfo], store: Store) {
    facts(&loaded.machine, files, store);
    let compile: f64 = loaded.compile_ms.iter().map(|(_, ms)| ms).sum();
    let text = format!(
        "Ready after {} ({} of it compiling). {} on the device, {} in the engine's memory.",
        words::ms(loaded.total_ms),
        words::ms(compile),
        words::bytes(loaded.device_bytes),
        words::bytes(loaded.heap_bytes)
    );
    set_text("step", &text);
    set_text("load", "Models are loaded");
    set_disabled("load", true);
    show("files", false);
    show("forget", true);
}

/// Loading failed; the button tries again.
pub(crate) fn failed() {
    set_text("step", "");
    set_text("load", "Try again");
    set_disabled("load", false);
}
