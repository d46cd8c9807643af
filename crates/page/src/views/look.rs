//! The look inside: which map, of which patch or word, and the maps of all models.

use sightline_messages::{Heat, Map, MapKind, ModelInfo};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlDetailsElement, HtmlElement, HtmlProgressElement, ImageData,
    KeyboardEvent, MouseEvent,
};

use super::arm::Arm;
use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, on, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::inbox::tell;
use crate::looking::{Found, LookInput, Looking};
use crate::state::State;
use crate::update::Input;

/// Longest side of a map, px.
const SIDE: u32 = 320;
/// Most words that can be pressed.
const WORDS: usize = 60;

#[derive(Default)]
pub(super) struct Look {
    kind: Seen<(bool, MapKind)>,
    words: Seen<(Vec<String>, String)>,
    run: Seen<(bool, bool, String)>,
    maps: Seen<(Vec<Found>, [u32; 2], Option<u32>)>,
}

impl Look {
    pub(super) fn open() -> Self {
        on_id("look", "toggle", |_| {
            let open = by_id::<HtmlDetailsElement>("look").is_some_and(|look| look.open());
            look(LookInput::Open(open));
        });
        for (kind, button) in kinds() {
            on(&button, "click", move |_| look(LookInput::Kind(kind)));
        }
        on_id("look-show", "click", |_| look(LookInput::Show));
        on_id("look-stop", "click", |_| look(LookInput::Stop));
        on_id("look-panes", "keydown", |event| {
            let key = event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key);
            let by = match key.as_deref() {
                Some("ArrowUp") => [-1, 0],
                Some("ArrowDown") => [1, 0],
                Some("ArrowLeft") => [0, -1],
                Some("ArrowRight") => [0, 1],
                _ => return,
            };
            event.prevent_default();
            look(LookInput::Move(by));
        });
        Self::default()
    }
}

fn look(input: LookInput) {
    tell(Input::Look(input));
}

/// The buttons that choose a map.
fn kinds() -> Vec<(MapKind, HtmlElement)> {
    let Some(group) = by_id::<HtmlElement>("look-kinds") else {
        return Vec::new();
    };
    let buttons = group.children();
    let button = |kind: MapKind| {
        let all = (0..buttons.length()).filter_map(|at| buttons.item(at));
        let mut named = all.filter(|button| button.get_attribute("data-map").as_deref() == Some(kind.name()));
        Some((kind, named.next()?.dyn_into().ok()?))
    };
    MapKind::ALL.into_iter().filter_map(button).collect()
}

impl View for Look {
    fn show(&mut self, now: &Now<'_>) {
        let (state, looking) = (now.state, &now.state.looking);
        if !looking.open {
            return;
        }
        if self.kind.is_new((looking.open, looking.kind)) {
            for (kind, button) in kinds() {
                let pressed = if kind == looking.kind { "true" } else { "false" };
                let _ = button.set_attribute("aria-pressed", pressed);
            }
            set_text("look-about", looking.kind.about());
            show("look-words", looking.kind == MapKind::Word);
        }
        let words = words(state);
        if self.words.is_new((words.clone(), looking.word.clone())) {
            list(&words, &looking.word);
        }
        run(&mut self.run, state);
        progress(looking);
        let pixels = now.pixels.filter(|(number, _)| *number == looking.picture);
        let number = pixels.map(|(number, _)| *number);
        if self.maps.is_new((looking.found.clone(), looking.marked(), number)) {
            maps(looking, &state.models, pixels.map(|(_, pixels)| pixels));
        }
    }
}

/// The buttons, and what is still missing.
fn run(seen: &mut Seen<(bool, bool, String)>, state: &State) {
    let looking = &state.looking;
    let is_word = looking.kind == MapKind::Word;
    let (loaded, picture) = (state.loaded().is_some(), state.picture.shown.is_some());
    let note = match (loaded && picture, looking.running) {
        (false, _) => "Load the models and choose a picture first.".to_owned(),
        (true, true) => "Looking…".to_owned(),
        (true, false) if is_word && words(state).is_empty() => {
            "Ask a question first: its words and those of the answers can be pressed then.".to_owned()
        }
        (true, false) if is_word && looking.word.is_empty() => "Press a word.".to_owned(),
        (true, false) if is_word => String::new(),
        (true, false) => {
            let [row, column] = looking.marked();
            let [rows, columns] = looking.grid();
            format!("Row {} of {rows}, column {} of {columns}.", row + 1, column + 1)
        }
    };
    let can = loaded && picture && !(is_word && looking.word.is_empty());
    if !seen.is_new((can, looking.running, note.clone())) {
        return;
    }
    set_disabled("look-show", !can || looking.running);
    show("look-stop", looking.running);
    set_text("look-note", &note);
}

fn progress(looking: &Looking) {
    let Some(bar) = by_id::<HtmlProgressElement>("look-bar") else {
        return;
    };
    bar.set_hidden(looking.progress.is_none());
    if let Some((_, done, all)) = &looking.progress {
        bar.set_max(f64::from((*all).max(1)));
        bar.set_value(f64::from(*done));
    }
}

/// Words of the question and of the answers, each once.
fn words(state: &State) -> Vec<String> {
    if state.turn.answering || state.looking.kind != MapKind::Word {
        return Vec::new();
    }
    let answers = state.turn.panes.iter().filter(|pane| pane.answer.is_some());
    let answers: Vec<&str> = answers.map(|pane| pane.text.as_str()).collect();
    if answers.is_empty() {
        return Vec::new();
    }
    let mut words: Vec<String> = Vec::new();
    for text in answers.into_iter().chain([state.turn.question.as_str()]) {
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let is_there = words.iter().any(|other| other.eq_ignore_ascii_case(word));
            if !is_there && words.len() < WORDS {
                words.push(word.to_owned());
            }
        }
    }
    words
}

fn list(words: &[String], chosen: &str) {
    let Some(group) = by_id::<HtmlElement>("look-words") else {
        return;
    };
    // Whoever pressed a word by keyboard goes on from it.
    let focused = crate::dom::document().and_then(|document| document.active_element());
    let held = focused.is_some_and(|element| group.contains(Some(&element)));
    clear(&group);
    for word in words {
        let Some(button) = make("button", "", word) else {
            continue;
        };
        let is_chosen = word == chosen;
        let _ = button.set_attribute("type", "button");
        let _ = button.set_attribute("aria-pressed", if is_chosen { "true" } else { "false" });
        let named = word.clone();
        on(&button, "click", move |_| look(LookInput::Word(named.clone())));
        put(&group, Some(button.clone()));
        if held && is_chosen {
            let _ = button.focus();
        }
    }
}

/// The maps of all models, in the models' order.
fn maps(looking: &Looking, models: &[ModelInfo], pixels: Option<&ImageData>) {
    let Some(root) = by_id::<HtmlElement>("look-panes") else {
        return;
    };
    let [row, column] = looking.marked();
    let label = match looking.kind {
        MapKind::Word => format!("Maps of the word {}", looking.word),
        _ => format!(
            "Maps of the patch in row {}, column {}. Arrow keys mark another one",
            row + 1,
            column + 1
        ),
    };
    set_attribute("look-panes", "aria-label", Some(&label));
    show("look-panes", !looking.found.is_empty());
    clear(&root);
    for model in models {
        for found in &looking.found {
            match found {
                Found::Map(map) if map.model == model.id => {
                    for heat in &map.heats {
                        put(&root, figure(model, map, heat, looking, pixels));
                    }
                }
                Found::Missing { model: id, sentence } if *id == model.id => {
                    if let Some(figure) = framed(model, "") {
                        put(&figure, make("p", "note", sentence));
                        put(&root, Some(figure));
                    }
                }
                _ => {}
            }
        }
    }
}

/// An empty figure with its caption.
fn framed(model: &ModelInfo, name: &str) -> Option<HtmlElement> {
    let figure = make("figure", "look-map", "")?;
    let _ = figure.set_attribute("data-palette", &Arm::of(model).place());
    let caption = make("figcaption", "", "")?;
    put(&caption, make("b", "", &model.name));
    if !name.is_empty() {
        put(&caption, make("span", "", &format!(", {name}")));
    }
    put(&figure, Some(caption));
    Some(figure)
}

fn figure(
    model: &ModelInfo,
    map: &Map,
    heat: &Heat,
    looking: &Looking,
    pixels: Option<&ImageData>,
) -> Option<HtmlElement> {
    let figure = framed(model, &heat.name)?;
    let colour = Map::COLOURS[model.palette as usize % Map::COLOURS.len()];
    let canvas: HtmlCanvasElement = make("canvas", "", "")?.dyn_into().ok()?;
    let lines = map.lines(heat);
    let _ = canvas.set_attribute("role", "img");
    let _ = canvas.set_attribute("aria-label", &format!("{}: {}", model.name, lines.join(", ")));
    if let Some(pixels) = pixels {
        // Nothing can be done about a canvas that cannot be drawn on.
        let _ = draw(&canvas, pixels, map, heat, colour, looking.marked());
    }
    if map.kind.wants_patch() {
        let target = canvas.clone();
        on(&canvas, "click", move |event| {
            let Some(event) = event.dyn_ref::<MouseEvent>() else {
                return;
            };
            let share = |at: i32, side: i32| at as f32 / side.max(1) as f32;
            look(LookInput::Point([
                share(event.offset_x(), target.client_width()),
                share(event.offset_y(), target.client_height()),
            ]));
        });
    }
    put(&figure, Some(canvas.unchecked_into()));
    let [low, high] = map.scale().map(Map::number);
    if let Some(scale) = make("p", "look-scale", "") {
        put(&scale, make("span", "", &low));
        put(&scale, make("i", "", ""));
        put(&scale, make("span", "", &high));
        put(&figure, Some(scale));
    }
    put(&figure, make("p", "note", &lines.join("; ")));
    Some(figure)
}

/// The picture as the map tints it, and the marked patch.
fn draw(
    canvas: &HtmlCanvasElement,
    pixels: &ImageData,
    map: &Map,
    heat: &Heat,
    colour: [u8; 3],
    marked: [u32; 2],
) -> Result<(), JsValue> {
    let (width, height) = (pixels.width(), pixels.height());
    let longest = width.max(height).max(1);
    let scaled = |side: u32| (side * SIDE / longest).max(1);
    let (w, h) = (scaled(width), scaled(height));
    canvas.set_width(w);
    canvas.set_height(h);
    let (from, scale) = (pixels.data().0, map.scale());
    let mut rgba = Vec::with_capacity((w * h * 4) as usize);
    for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
        let at = 4 * (y * height / h * width + x * width / w) as usize;
        let (fx, fy) = ((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
        let value = heat.values.get(map.index(fx, fy)).copied().unwrap_or(0.0);
        rgba.extend(Map::tint(value, scale, [from[at], from[at + 1], from[at + 2]], colour));
        rgba.push(255);
    }
    let Some(context) = canvas.get_context("2d")? else {
        return Ok(());
    };
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    let tinted = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&rgba), w, h)?;
    context.put_image_data(&tinted, 0.0, 0.0)?;
    if map.kind.wants_patch() {
        let cell = map.cell_of(marked[0], marked[1]).map(f64::from);
        let (w, h) = (f64::from(w), f64::from(h));
        let (x, y) = (cell[0] * w, cell[1] * h);
        for (style, line) in [("#fff", 5.0), ("#000", 2.0)] {
            context.set_stroke_style_str(style);
            context.set_line_width(line);
            context.stroke_rect(x, y, (cell[2] - cell[0]) * w, (cell[3] - cell[1]) * h);
        }
    }
    Ok(())
}
