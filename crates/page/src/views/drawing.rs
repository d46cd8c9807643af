//! A picture and its boxes on a canvas.

use sightline_messages::{AnswerBox, Source};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::arm::{Arm, Look};

/// Shortest side that a canvas is drawn with, px: labels need room.
const ROOM: u32 = 480;

/// Boxes, each with whose it is, and whether it stands back behind others.
pub(super) type Boxes = Vec<(Arm, AnswerBox, bool)>;

/// How much of a box is seen that stands back.
const BACK: f64 = 0.25;

/// What is on a canvas.
pub(super) struct Shown {
    /// Width in px of the upright picture, which boxes are in.
    pub(super) width: u32,
    pub(super) pixels: ImageData,
    pub(super) boxes: Boxes,
    /// What the visitor has drawn as true, in px of that picture.
    pub(super) truth: Option<[f32; 4]>,
}

impl Shown {
    /// Draws all of it.
    pub(super) fn draw_on(&self, canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let enlarge = (f64::from(ROOM) / f64::from(width.min(height).max(1))).max(1.0);
        canvas.set_width((f64::from(width) * enlarge) as u32);
        canvas.set_height((f64::from(height) * enlarge) as u32);
        let context: CanvasRenderingContext2d = match canvas.get_context("2d")? {
            Some(context) => context.dyn_into()?,
            None => return Ok(()),
        };
        // Pixels go in unscaled; the canvas is scaled as a picture is.
        let document = crate::dom::document().ok_or(JsValue::NULL)?;
        let plain: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
        plain.set_width(width);
        plain.set_height(height);
        if let Some(under) = plain.get_context("2d")? {
            under
                .dyn_into::<CanvasRenderingContext2d>()?
                .put_image_data(&self.pixels, 0.0, 0.0)?;
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
        for (arm, found, back) in &self.boxes {
            context.set_global_alpha(if *back { BACK } else { 1.0 });
            drawing.outline(arm, found)?;
        }
        context.set_global_alpha(1.0);
        if let Some(truth) = self.truth {
            drawing.truth(truth)?;
        }
        // Labels last, or a later box would cross them.
        let mut taken = Vec::new();
        for (arm, found, _) in self.boxes.iter().filter(|(.., back)| !back) {
            drawing.label(arm, found, &mut taken)?;
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
    /// Canvas px per picture px.
    scale: f64,
    /// Width of a line.
    unit: f64,
}

impl Drawing<'_> {
    /// A box on the canvas, wholly inside of it: half of a line on the picture's edge could not be
    /// seen.
    fn place(&self, found: &AnswerBox, arm: &Arm) -> Option<Place> {
        let inset = self.unit * arm.look().inset;
        let [x1, y1, x2, y2] = found.px?.map(|v| f64::from(v) * self.scale);
        let [w, h] = self.size;
        let inside = |v: f64, max: f64| v.clamp(inset, (max - inset).max(inset));
        Some([inside(x1, w), inside(y1, h), inside(x2, w), inside(y2, h)])
    }

    fn outline(&self, arm: &Arm, found: &AnswerBox) -> Result<(), JsValue> {
        let Some([x1, y1, x2, y2]) = self.place(found, arm) else {
            return Ok(());
        };
        let dashes = js_sys::Array::new();
        let Look {
            colour,
            dashes: lengths,
            ..
        } = arm.look();
        // A whole line has no unit: where one dash ends the next begins.
        let whole = lengths[1] == 0.0;
        lengths.iter().filter(|_| !whole).for_each(|length| {
            dashes.push(&(length * self.unit).into());
        });
        // The dense head's boxes are thinner, and filled a little.
        let line = match found.source {
            Source::Llm => self.unit,
            Source::Dense => self.unit * 0.7,
        };
        if found.source == Source::Dense {
            self.context.set_fill_style_str(&format!("{colour}22"));
            self.context.fill_rect(x1, y1, x2 - x1, y2 - y1);
        }
        self.context.set_line_dash(&dashes)?;
        // A dark line under the bright one: seen on any ground.
        for (colour, width) in [("#000a", line * 1.9), (*colour, line)] {
            self.context.set_stroke_style_str(colour);
            self.context.set_line_width(width);
            self.context.stroke_rect(x1, y1, x2 - x1, y2 - y1);
        }
        self.context.set_line_dash(&js_sys::Array::new())?;
        Ok(())
    }

    /// The true box: white on black, seen on any ground and unlike every model's.
    fn truth(&self, truth: [f32; 4]) -> Result<(), JsValue> {
        let [x1, y1, x2, y2] = truth.map(|v| f64::from(v) * self.scale);
        for (colour, width) in [("#000", 2.2), ("#fff", 1.0)] {
            self.context.set_stroke_style_str(colour);
            self.context.set_line_width(self.unit * width);
            self.context.stroke_rect(x1, y1, x2 - x1, y2 - y1);
        }
        Ok(())
    }

    /// Writes whose box it is where no other label stands, at a corner of the box if one is free.
    fn label(&self, arm: &Arm, found: &AnswerBox, taken: &mut Vec<Place>) -> Result<(), JsValue> {
        let Some([x1, y1, x2, y2]) = self.place(found, arm) else {
            return Ok(());
        };
        let text = match found.source {
            Source::Llm => arm.title.clone(),
            Source::Dense => format!("{} · encoder", arm.title),
        };
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
        self.context.set_fill_style_str(arm.look().colour);
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
