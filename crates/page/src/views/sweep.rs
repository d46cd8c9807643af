//! `bench.html`: encoders over picture sizes, as they are measured: plot, table, and files to keep.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Date, JSON, encode_uri_component};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use sightline_messages::{Export, ModelInfo, SIDES, SweepPoint};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Blob, CanvasRenderingContext2d, Element, HtmlAnchorElement, HtmlCanvasElement, HtmlElement, HtmlProgressElement,
    HtmlSelectElement, Url,
};

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, document, make, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::lab::export::{csv, export, report};
use crate::lab::input as lab;
use crate::lab::plot::{Anchor, HEIGHT, Shape, WIDTH, shapes};
use crate::lab::sweeping::Sweeping;
use crate::update::Input;
use crate::words;

const SVG: &str = "http://www.w3.org/2000/svg";
/// Columns of the table after the first.
const LABELS: [&str; 8] = [
    "Picture",
    "Bits",
    "Tokens",
    "First",
    "Median",
    "Own clock",
    "Launches",
    "Memory",
];
/// Colours of models on the exported picture, by their palette, and of its frame.
const COLOURS: [&str; 3] = ["#0a58a6", "#9a4a00", "#1b6b3a"];
const GREY: &str = "#5a6672";
/// Pixels of the exported picture per px of the plot.
const SCALE: f64 = 2.0;

#[derive(Default)]
pub(super) struct Sweep {
    estimates: Seen<(Vec<f64>, u32)>,
    run: Seen<(bool, bool, bool, String)>,
    points: Seen<(Vec<SweepPoint>, Vec<String>, usize)>,
    scan: Seen<(String, Option<String>)>,
    export: Seen<Option<Export>>,
    /// For the buttons that save it.
    last: Rc<RefCell<Option<Kept>>>,
}

/// What can be saved.
struct Kept {
    export: Export,
    models: Vec<ModelInfo>,
}

impl Sweep {
    pub(super) fn open() -> Self {
        let sweep = Self::default();
        let input = |input| tell(Input::Lab(input));
        on_id("sweep", "click", move |_| input(lab::Input::Sweep));
        on_id("sweep-stop", "click", move |_| input(lab::Input::StopSweep));
        on_id("sweep-most", "change", move |_| {
            let chosen = by_id::<HtmlSelectElement>("sweep-most").and_then(|select| select.value().parse().ok());
            if let Some(most) = chosen {
                input(lab::Input::Most(most));
            }
        });
        for kind in ["json", "csv", "png"] {
            let last = Rc::clone(&sweep.last);
            on_id(&format!("export-{kind}"), "click", move |_| {
                if let Some(kept) = last.borrow().as_ref() {
                    save(kind, kept);
                }
            });
        }
        sweep
    }
}

impl View for Sweep {
    fn show(&mut self, now: &Now<'_>) {
        let (sweeping, machine) = (&now.lab.sweeping, now.state.machine.as_ref());
        if self.estimates.is_new((sweeping.estimates.clone(), sweeping.most)) {
            choices(sweeping);
        }
        let why = machine.and_then(|machine| machine.why.clone());
        if self.scan.is_new((sweeping.scan.clone(), why.clone())) {
            set_text(
                "sweep-scan",
                &[sweeping.scan.as_str(), &why.unwrap_or_default()].join(" "),
            );
        }
        let note = note(sweeping, machine.is_some());
        if self
            .run
            .is_new((machine.is_some(), sweeping.running, sweeping.stopping, note.clone()))
        {
            set_disabled("sweep", machine.is_none() || sweeping.running);
            set_disabled("sweep-stop", sweeping.stopping);
            show("sweep-stop", sweeping.running);
            set_text("sweep-note", &note);
            if let Some(bar) = by_id::<HtmlProgressElement>("sweep-bar") {
                bar.set_hidden(sweeping.now.is_none());
                if let Some(now) = &sweeping.now {
                    bar.set_max(f64::from(now.all.max(1)));
                    bar.set_value(f64::from(now.done));
                }
            }
        }
        let models = &now.state.models;
        if self
            .points
            .is_new((sweeping.points.clone(), sweeping.skipped.clone(), models.len()))
        {
            plot(sweeping, models);
            table(sweeping, models);
            skipped(&sweeping.skipped);
        }
        let found = export(now.lab, now.state, &today(), &browser());
        if self.export.is_new(found.clone()) {
            show("exports", found.is_some());
            share(found.as_ref());
            let models = models.clone();
            self.last.replace(found.map(|export| Kept { export, models }));
        }
    }
}

/// What runs, or how far it was.
fn note(sweeping: &Sweeping, ready: bool) -> String {
    match (&sweeping.now, sweeping.stopping) {
        (Some(_), true) => "Stopping after the pass that is under way…".into(),
        (Some(now), false) => format!(
            "{} of {}: {}; {}.",
            now.done + 1,
            now.all,
            now.name,
            words::left(now.left_s)
        ),
        (None, _) if !ready => "The engine is starting.".into(),
        (None, _) if sweeping.points.is_empty() => {
            "Nothing is downloaded for this. Nothing else should run meanwhile.".into()
        }
        (None, _) => {
            let runs = sweeping.points.iter().map(|point| point.runs);
            let (least, most) = (runs.clone().min().unwrap_or(0), runs.max().unwrap_or(0));
            match least == most {
                true => format!("Medians of {most} runs after warm-up."),
                false => format!(
                    "Medians of {most} runs after warm-up; of fewer, at least {least}, where a case took its 20 seconds."
                ),
            }
        }
    }
}

/// How far to go, with what it would take.
fn choices(sweeping: &Sweeping) {
    let Some(select) = by_id::<HtmlSelectElement>("sweep-most") else {
        return;
    };
    clear(&select);
    for (at, side) in SIDES.into_iter().enumerate() {
        let takes = sweeping.estimates.get(at).map_or_else(String::new, |seconds| {
            let minutes = seconds / 60.0;
            match minutes > 2.0 {
                true => format!(", about {minutes:.0} minutes"),
                false => format!(", {}", words::patience(*seconds)),
            }
        });
        let Some(option) = make("option", "", &format!("up to {side} px{takes}")) else {
            continue;
        };
        let _ = option.set_attribute("value", &side.to_string());
        put(&select, Some(option));
    }
    select.set_value(&sweeping.most.to_string());
}

/// An element of an SVG.
fn svg(tag: &str, attributes: &[(&str, String)]) -> Option<Element> {
    let element = document()?.create_element_ns(Some(SVG), tag).ok()?;
    for (name, value) in attributes {
        let _ = element.set_attribute(name, value);
    }
    Some(element)
}

/// The plot as SVG, its colours from the style sheet.
fn plot(sweeping: &Sweeping, models: &[ModelInfo]) {
    let Some(place) = by_id::<HtmlElement>("sweep-plot") else {
        return;
    };
    clear(&place);
    let shapes = shapes(&sweeping.points, &sweeping.fits, models);
    show("sweep-plot", !shapes.is_empty());
    let said: Vec<&str> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Text {
                text, palette: Some(_), ..
            } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let label = format!(
        "Time against visual tokens: {}. The table has the numbers",
        said.join("; ")
    );
    let root = svg(
        "svg",
        &[
            ("viewBox", format!("0 0 {WIDTH} {HEIGHT}")),
            ("role", "img".into()),
            ("aria-label", label),
        ],
    );
    let Some(root) = root else { return };
    for shape in &shapes {
        if let Some(element) = drawn(shape) {
            let _ = root.append_child(&element);
        }
    }
    let _ = place.append_child(&root);
}

fn drawn(shape: &Shape) -> Option<Element> {
    let named = |palette: &Option<u32>| match palette {
        Some(palette) => (palette % 3).to_string(),
        None => "frame".to_owned(),
    };
    let number = |v: f64| format!("{v:.1}");
    match shape {
        Shape::Line {
            points,
            palette,
            dashed,
        } => {
            let path: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
            let dashes = if *dashed { "6 4" } else { "none" };
            svg(
                "polyline",
                &[
                    ("points", path.join(" ")),
                    ("data-palette", named(palette)),
                    ("stroke-dasharray", dashes.into()),
                ],
            )
        }
        Shape::Dot { at, palette } => svg(
            "circle",
            &[
                ("cx", number(at[0])),
                ("cy", number(at[1])),
                ("r", "4".into()),
                ("data-palette", named(palette)),
            ],
        ),
        Shape::Text {
            at,
            anchor,
            text,
            palette,
        } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let element = svg(
                "text",
                &[
                    ("x", number(at[0])),
                    ("y", number(at[1])),
                    ("text-anchor", anchor.into()),
                    ("data-palette", named(palette)),
                ],
            )?;
            element.set_text_content(Some(text));
            Some(element)
        }
    }
}

fn table(sweeping: &Sweeping, models: &[ModelInfo]) {
    show("swept", !sweeping.points.is_empty());
    let Some(body) = by_id::<HtmlElement>("sweep-rows") else {
        return;
    };
    clear(&body);
    for point in &sweeping.points {
        put(&body, line(point, models));
    }
}

fn line(point: &SweepPoint, models: &[ModelInfo]) -> Option<HtmlElement> {
    let name = models.iter().find(|model| model.id == point.model);
    let line = make("tr", "", "")?;
    let head = make("th", "", name.map_or(&point.model, |model| &model.name))?;
    let _ = head.set_attribute("scope", "row");
    put(&line, Some(head));
    let cells = [
        format!("{} px", point.side),
        if point.half { "16" } else { "32" }.to_owned(),
        point.tokens.to_string(),
        words::ms(point.first_ms),
        words::ms(point.median_ms),
        point.own_ms.map_or_else(|| "none".to_owned(), words::ms),
        match point.launches {
            0 => "none: processor".to_owned(),
            n => n.to_string(),
        },
        words::bytes(point.bytes),
    ];
    for (label, text) in LABELS.iter().zip(cells) {
        let cell = make("td", "", &text)?;
        let _ = cell.set_attribute("data-label", label);
        put(&line, Some(cell));
    }
    Some(line)
}

fn skipped(sentences: &[String]) {
    let Some(list) = by_id::<HtmlElement>("sweep-skipped") else {
        return;
    };
    clear(&list);
    list.set_hidden(sentences.is_empty());
    for sentence in sentences {
        put(&list, make("li", "", sentence));
    }
}

/// UTC, `YYYY-MM-DD`.
fn today() -> String {
    String::from(Date::new_0().to_iso_string()).chars().take(10).collect()
}

fn browser() -> String {
    let agent = web_sys::window().map(|window| window.navigator().user_agent());
    agent.and_then(Result::ok).unwrap_or_default()
}

/// The link that opens a new issue with the numbers in it, where the site names a repository.
/// Nothing is sent before the visitor presses it, and what it holds is in it.
fn share(export: Option<&Export>) {
    let named = document().and_then(|document| document.query_selector("meta[name=\"sightline-repository\"]").ok()?);
    let repository = named.and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
    let address = match export {
        Some(export) if repository.starts_with("https://") => {
            let (title, body) = report(export);
            let coded = |text: &str| String::from(encode_uri_component(text));
            let base = repository.trim_end_matches('/');
            Some(format!(
                "{base}/issues/new?title={}&body={}",
                coded(&title),
                coded(&body)
            ))
        }
        _ => None,
    };
    show("share-device", address.is_some());
    set_attribute("share-device", "href", address.as_deref());
}

/// Saves what was measured as a file.
fn save(kind: &str, Kept { export, models }: &Kept) {
    let name = format!("sightline-{}.{kind}", export.date);
    match kind {
        "json" => {
            if let Some(text) = json(export) {
                download_text(&name, "application/json", &text);
            }
        }
        "csv" => download_text(&name, "text/csv", &csv(export)),
        // Nothing can be done about a canvas that cannot be drawn on.
        _ => drop(png(&name, &shapes(&export.points, &export.fits, models))),
    }
}

/// JSON with an indent of two.
fn json(export: &Export) -> Option<String> {
    let value = export.serialize(&Serializer::json_compatible()).ok()?;
    let text = JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into()).ok()?;
    Some(String::from(text) + "\n")
}

fn download_text(name: &str, kind: &str, text: &str) {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) {
        download(name, &blob);
    }
}

/// Has the browser save a file.
fn download(name: &str, blob: &Blob) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else {
        return;
    };
    if let Some(anchor) = make("a", "", "").and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok()) {
        anchor.set_href(&address);
        anchor.set_download(name);
        anchor.click();
    }
    let _ = Url::revoke_object_url(&address);
}

/// The plot as a picture, dark on white.
fn png(name: &str, shapes: &[Shape]) -> Result<(), JsValue> {
    let canvas: HtmlCanvasElement = make("canvas", "", "").ok_or(JsValue::NULL)?.dyn_into()?;
    canvas.set_width((WIDTH * SCALE) as u32);
    canvas.set_height((HEIGHT * SCALE) as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    context.scale(SCALE, SCALE)?;
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, WIDTH, HEIGHT);
    context.set_font("12px sans-serif");
    for shape in shapes {
        draw(&context, shape)?;
    }
    let name = name.to_owned();
    let saved = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            download(&name, &blob);
        }
    });
    canvas.to_blob(saved.unchecked_ref())
}

fn draw(context: &CanvasRenderingContext2d, shape: &Shape) -> Result<(), JsValue> {
    let colour = |palette: &Option<u32>| palette.map_or(GREY, |at| COLOURS[at as usize % COLOURS.len()]);
    match shape {
        Shape::Line {
            points,
            palette,
            dashed,
        } => {
            context.set_stroke_style_str(colour(palette));
            context.set_line_width(if palette.is_some() { 2.0 } else { 0.5 });
            let dash = js_sys::Array::new();
            if *dashed {
                dash.push(&6.0.into());
                dash.push(&4.0.into());
            }
            context.set_line_dash(&dash)?;
            context.begin_path();
            for (at, [x, y]) in points.iter().enumerate() {
                match at {
                    0 => context.move_to(*x, *y),
                    _ => context.line_to(*x, *y),
                }
            }
            context.stroke();
        }
        Shape::Dot { at, palette } => {
            context.set_fill_style_str(colour(palette));
            context.begin_path();
            context.arc(at[0], at[1], 4.0, 0.0, std::f64::consts::TAU)?;
            context.fill();
        }
        Shape::Text {
            at,
            anchor,
            text,
            palette,
        } => {
            context.set_fill_style_str(colour(palette));
            context.set_text_align(match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            context.fill_text(text, at[0], at[1])?;
        }
    }
    Ok(())
}
