//! The picture on its canvas, and the boxes over it.

use sightline_messages::{AnswerBox, ModelInfo, Source};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ImageData};

use super::{Now, Seen, View};
use crate::dom::{by_id, clear, make, put, show};
use crate::state::State;

/// Shortest side that a canvas is drawn with, px: labels need room.
const ROOM: u32 = 480;

/// The canvas.
#[derive(Default)]
pub(super) struct Canvas {
    seen: Seen<(u32, Boxes)>,
    models: Seen<Vec<ModelInfo>>,
}

/// Boxes, each with whose it is.
type Boxes = Vec<(Arm, AnswerBox)>;

impl View for Canvas {
    fn show(&mut self, now: &Now<'_>) {
        if self.models.is_new(now.state.models.clone()) {
            legend(&now.state.models);
        }
        let (Some((number, pixels)), Some(shown)) = (now.pixels, &now.state.picture.shown) else {
            return;
        };
        let boxes = boxes(now.state);
        if *number != shown.chosen.number || !self.seen.is_new((*number, boxes.clone())) {
            return;
        }
        let Some(canvas) = by_id::<HtmlCanvasElement>("view") else {
            return;
        };
        describe(&canvas, boxes.len());
        let drawn = Shown {
            width: shown.width,
            pixels,
            boxes,
        };
        // Nothing can be done about a canvas that cannot be drawn on.
        let _ = drawn.draw_on(&canvas);
        let _ = canvas.set_attribute("data-picture", &number.to_string());
    }
}

/// The boxes of all answers that lie in the picture.
fn boxes(state: &State) -> Boxes {
    let mut boxes = Vec::new();
    for pane in &state.turn.panes {
        let (Some(answer), Some(model)) = (&pane.answer, state.models.iter().find(|model| model.id == pane.model))
        else {
            continue;
        };
        let arm = Arm::of(&model.encoder);
        let inside = answer.boxes.iter().filter(|found| found.px.is_some());
        boxes.extend(inside.map(|found| (arm, found.clone())));
    }
    boxes
}

fn describe(canvas: &HtmlCanvasElement, boxes: usize) {
    let label = match boxes {
        0 => "The picture asked about".to_owned(),
        n => format!("The picture asked about, with {n} boxes; they are listed with the answers"),
    };
    let _ = canvas.set_attribute("aria-label", &label);
    let _ = canvas.set_attribute("data-boxes", &boxes.to_string());
    show("legend", boxes > 0);
}

/// What the boxes mean.
fn legend(models: &[ModelInfo]) {
    let Some(list) = by_id::<HtmlElement>("legend") else {
        return;
    };
    clear(&list);
    for model in models {
        let arm = Arm::of(&model.encoder);
        put(&list, make("li", arm.name(), arm.title()));
    }
    for (source, what) in [
        (Source::Llm, "written by the language model"),
        (Source::Dense, "found by the encoder's own head"),
    ] {
        let Some(item) = make("li", "", "") else { continue };
        put(&item, make("b", "", self::source(source)));
        put(&item, make("span", "", &format!(" {what}")));
        put(&list, Some(item));
    }
}

/// A picture that is shown.
struct Shown<'a> {
    /// Width in px of the upright picture, which boxes are in.
    width: u32,
    pixels: &'a ImageData,
    boxes: Boxes,
}

/// Whose box it is: colour, dashes, name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    Vmamba,
    Vit,
}

impl Arm {
    pub(crate) fn of(encoder: &str) -> Self {
        if encoder == "vit" { Self::Vit } else { Self::Vmamba }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vmamba => "vmamba",
            Self::Vit => "vit",
        }
    }

    /// How it sees, in a sentence.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Vmamba => "Scans the picture along four paths: its work grows in line with the number of patches.",
            Self::Vit => "Compares every patch with every other: its work grows with the square of their number.",
        }
    }

    /// On labels.
    fn title(self) -> &'static str {
        match self {
            Self::Vmamba => "VMamba",
            Self::Vit => "ViT",
        }
    }

    /// On a picture, whatever the theme.
    fn colour(self) -> &'static str {
        match self {
            Self::Vmamba => "#39a0ff",
            Self::Vit => "#ff8c1a",
        }
    }

    fn dashes(self, unit: f64) -> [f64; 2] {
        match self {
            Self::Vmamba => [1.0, 0.0],
            Self::Vit => [4.0 * unit, 2.5 * unit],
        }
    }
}

impl Shown<'_> {
    fn draw_on(&self, canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let enlarge = (f64::from(ROOM) / f64::from(width.min(height).max(1))).max(1.0);
        canvas.set_width((f64::from(width) * enlarge) as u32);
        canvas.set_height((f64::from(height) * enlarge) as u32);
        let context: CanvasRenderingContext2d = match canvas.get_context("2d")? {
            Some(context) => context.dyn_into()?,
            None => return Ok(()),
        };
        // Pixels go in unscaled; what scales is a canvas as a picture.
        let document = crate::dom::document().ok_or(JsValue::NULL)?;
        let plain: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
        plain.set_width(width);
        plain.set_height(height);
        if let Some(under) = plain.get_context("2d")? {
            under
                .dyn_into::<CanvasRenderingContext2d>()?
                .put_image_data(self.pixels, 0.0, 0.0)?;
        }
        let (w, h) = (f64::from(canvas.width()), f64::from(canvas.height()));
        context.set_image_smoothing_enabled(true);
        context.draw_image_with_html_canvas_element_and_dw_and_dh(&plain, 0.0, 0.0, w, h)?;
        let drawing = Drawing {
            context: &context,
            size: [w, h],
            scale: w / f64::from(self.width.max(1)),
            unit: (w.max(h) / 170.0).max(2.0),
        };
        for (arm, found) in &self.boxes {
            drawing.outline(*arm, found)?;
        }
        // Labels last, or a later box would cross them.
        let mut taken = Vec::new();
        for (arm, found) in &self.boxes {
            drawing.label(*arm, found, &mut taken)?;
        }
        Ok(())
    }
}

/// Left, top, right, bottom on the canvas.
type Place = [f64; 4];

/// Boxes on a canvas.
struct Drawing<'a> {
    context: &'a CanvasRenderingContext2d,
    /// Width and height of the canvas.
    size: [f64; 2],
    /// Canvas px a picture px.
    scale: f64,
    /// Width of a line.
    unit: f64,
}

impl Drawing<'_> {
    /// A box on the canvas, wholly inside of it: half of a line on the picture's edge could not be seen.
    fn place(&self, found: &AnswerBox, arm: Arm) -> Option<Place> {
        // Where both arms name the same edge, both lines are seen.
        let inset = self.unit * if arm == Arm::Vit { 2.4 } else { 0.95 };
        let [x1, y1, x2, y2] = found.px?.map(|v| f64::from(v) * self.scale);
        let [w, h] = self.size;
        let inside = |v: f64, max: f64| v.clamp(inset, (max - inset).max(inset));
        Some([inside(x1, w), inside(y1, h), inside(x2, w), inside(y2, h)])
    }

    fn outline(&self, arm: Arm, found: &AnswerBox) -> Result<(), JsValue> {
        let Some([x1, y1, x2, y2]) = self.place(found, arm) else {
            return Ok(());
        };
        let dashes = js_sys::Array::new();
        arm.dashes(self.unit).iter().for_each(|&dash| {
            dashes.push(&dash.into());
        });
        // The dense head's boxes are thinner, and filled a little.
        let line = match found.source {
            Source::Llm => self.unit,
            Source::Dense => self.unit * 0.7,
        };
        if found.source == Source::Dense {
            self.context.set_fill_style_str(&format!("{}22", arm.colour()));
            self.context.fill_rect(x1, y1, x2 - x1, y2 - y1);
        }
        self.context.set_line_dash(&dashes)?;
        // A dark line under the bright one: seen on any ground.
        for (colour, width) in [("#000a", line * 1.9), (arm.colour(), line)] {
            self.context.set_stroke_style_str(colour);
            self.context.set_line_width(width);
            self.context.stroke_rect(x1, y1, x2 - x1, y2 - y1);
        }
        self.context.set_line_dash(&js_sys::Array::new())?;
        Ok(())
    }

    /// Writes whose box it is where no other label stands, at a corner of the box if one is free.
    fn label(&self, arm: Arm, found: &AnswerBox, taken: &mut Vec<Place>) -> Result<(), JsValue> {
        let Some([x1, y1, x2, y2]) = self.place(found, arm) else {
            return Ok(());
        };
        let text = format!("{} · {}", arm.title(), source(found.source));
        let size = (self.size[0].max(self.size[1]) / 34.0).max(13.0);
        self.context.set_font(&format!("600 {size}px system-ui, sans-serif"));
        let wide = self.context.measure_text(&text)?.width() + size * 0.8;
        let high = size * 1.4;
        let [w, h] = self.size;
        let corners = [
            (x1, y1 - high),
            (x1, y1),
            (x2 - wide, y1),
            (x1, y2 - high),
            (x2 - wide, y2 - high),
            (x1, y2),
            (x2 - wide, y1 - high),
            (x1, y1 + high),
            (x2 - wide, y1 + high),
        ];
        let at = |&(x, y): &(f64, f64)| {
            let (x, y) = (x.clamp(0.0, (w - wide).max(0.0)), y.clamp(0.0, (h - high).max(0.0)));
            [x, y, x + wide, y + high]
        };
        let free = |place: &Place| !taken.iter().any(|other| cross(place, other));
        let place = corners.iter().map(at).find(free).unwrap_or_else(|| at(&corners[0]));
        self.context.set_fill_style_str(arm.colour());
        self.context.fill_rect(place[0], place[1], wide, high);
        self.context.set_fill_style_str("#0b1018");
        self.context
            .fill_text(&text, place[0] + size * 0.4, place[1] + size * 1.03)?;
        taken.push(place);
        Ok(())
    }
}

fn cross(a: &Place, b: &Place) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// Who found a box, in a word.
pub(crate) fn source(source: Source) -> &'static str {
    match source {
        Source::Llm => "llm",
        Source::Dense => "dense",
    }
}
