//! `bench.html`: the engine's own measurement as a table.

use sightline_messages::{Download, Loaded, Measure, Measured, ModelInfo, Work};
use web_sys::HtmlElement;

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, on_id, put, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::lab::input as lab;
use crate::lab::measuring::Measuring;
use crate::state::State;
use crate::update::Input;
use crate::words;

/// What stands over the columns after the first, and beside the values where the table is too
/// narrow for columns.
const LABELS: [&str; 6] = ["Work", "Median", "Rate", "Launches", "Bytes moved", "Bandwidth"];

#[derive(Default)]
pub(super) struct Bench {
    seen: Seen<(Measuring, bool)>,
    came: Seen<Option<(Loaded, Download)>>,
}

impl Bench {
    pub(super) fn open() -> Self {
        on_id("measure", "click", |_| tell(Input::Lab(lab::Input::Measure)));
        Self::default()
    }
}

impl View for Bench {
    fn show(&mut self, now: &Now<'_>) {
        let came = now.state.loaded().cloned().zip(now.lab.download);
        if self.came.is_new(came.clone())
            && let Some((loaded, download)) = came
        {
            loading(&loaded, download, now.state);
        }
        let (measuring, loaded) = (&now.lab.measuring, now.state.loaded().is_some());
        if !self.seen.is_new((measuring.clone(), loaded)) {
            return;
        }
        set_disabled("measure", !loaded || *measuring == Measuring::Running);
        match measuring {
            Measuring::Not if loaded => set_text("measure-note", "Nothing else should run meanwhile."),
            Measuring::Not => set_text("measure-note", "Load the models first."),
            Measuring::Running => set_text("measure-note", "Measuring… on a slow machine this takes a while."),
            Measuring::Done(measured) => table(measured, &now.state.models),
        }
    }
}

/// Shows how the models came, and what compiling took: once, before anything is measured again and
/// again.
fn loading(loaded: &Loaded, download: Download, state: &State) {
    let Some(body) = by_id::<HtmlElement>("load-rows") else {
        return;
    };
    clear(&body);
    let bytes = match (download.bytes, download.kept) {
        (0, kept) => format!("kept already: {}", words::bytes(kept)),
        (bytes, 0) => words::bytes(bytes),
        (bytes, kept) => format!("{}, and {} kept already", words::bytes(bytes), words::bytes(kept)),
    };
    let speed = match download.bytes {
        0 => String::new(),
        bytes => format!("{}/s", words::bytes((bytes as f64 * 1e3 / download.ms.max(1.0)) as u64)),
    };
    let work = if download.bytes > 0 {
        "download and check"
    } else {
        "read and check"
    };
    let cells = [
        work.into(),
        words::ms(download.ms),
        speed,
        String::new(),
        bytes,
        String::new(),
    ];
    put(&body, cells_of("All files", cells));
    let compile = match state.on_processor() {
        true => "prepare",
        false => "compile, and run once",
    };
    for (id, ms) in &loaded.compile_ms {
        let cells = [
            compile.into(),
            words::ms(*ms),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ];
        let model = state.models.iter().find(|model| model.id == *id);
        put(
            &body,
            cells_of(model.map_or("Language model", |model| &model.name), cells),
        );
    }
    show("measured", true);
}

/// Shows the rows.
fn table(measured: &Measured, models: &[ModelInfo]) {
    let runs = measured.rows.first().map_or(0, |row| row.runs);
    set_text(
        "measure-note",
        &format!("Medians of {runs} runs after warm-up, on {}.", measured.machine.adapter),
    );
    let Some(body) = by_id::<HtmlElement>("rows") else {
        return;
    };
    clear(&body);
    for row in &measured.rows {
        put(&body, line(row, models));
    }
    show("measured", true);
}

fn line(row: &Measure, models: &[ModelInfo]) -> Option<HtmlElement> {
    let name = models
        .iter()
        .find(|model| model.id == row.model)
        .map_or(&row.model, |model| &model.name);
    let (work, each) = match row.what {
        Work::Encode => ("look at a picture", "picture"),
        Work::Prefill => ("read its visual tokens", "picture"),
        Work::Decode => ("write a token", "token"),
    };
    let launches = match row.launches {
        0 => "none: processor".to_owned(),
        n => format!("{n} per {each}"),
    };
    let seconds = row.median_ms.max(1e-9) / 1e3;
    let cells = [
        work.to_owned(),
        words::ms(row.median_ms),
        format!("{} {each}s/s", words::per_second(1.0 / seconds)),
        launches,
        format!("{} per {each}", words::bytes(row.bytes)),
        format!("{:.2} GB/s", row.bytes as f64 / 1e9 / seconds),
    ];
    cells_of(name, cells)
}

/// A line with that name before its cells. An empty cell says that there is no such number.
fn cells_of(name: &str, cells: [String; 6]) -> Option<HtmlElement> {
    let line = make("tr", "", "")?;
    let head = make("th", "", name)?;
    let _ = head.set_attribute("scope", "row");
    put(&line, Some(head));
    for (label, text) in LABELS.iter().zip(cells) {
        let cell = make("td", "", &text)?;
        let _ = cell.set_attribute("data-label", label);
        put(&line, Some(cell));
    }
    Some(line)
}
