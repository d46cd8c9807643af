//! The picture on its canvas, and the boxes over it.

use sightline_messages::{AnswerBox, Preview, Source};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ImageData};

use crate::dom::by_id;

/// Shortest side that a canvas is drawn with, px: labels need room.
const ROOM: u32 = 480;

/// A picture that is shown.
pub(crate) struct Shown {
    /// Width in px of the upright picture, which boxes are in.
    width: u32,
    pixels: ImageData,
    boxes: Vec<(Arm, AnswerBox)>,
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

impl Shown {
    /// Shows the picture of that number.
    pub(crate) fn new(number: u32, width: u32, preview: &Preview) -> Option<Self> {
        let pixels =
            ImageData::new_with_u8_clamped_array_and_sh(Clamped(&preview.rgba), preview.width, preview.height).ok()?;
        let shown = Self {
            width,
            pixels,
            boxes: Vec::new(),
        };
        if let Some(drop) = by_id::<HtmlElement>("drop") {
            let _ = drop.class_list().add_1("filled");
        }
        shown.draw();
        if let Some(canvas) = by_id::<HtmlCanvasElement>("view") {
            let _ = canvas.set_attribute("data-picture", &number.to_string());
        }
        Some(shown)
    }

    /// Takes all boxes away.
    pub(crate) fn clear(&mut self) {
        self.boxes.clear();
        self.draw();
    }

    /// Draws an answer's boxes beside those that are there.
    pub(crate) fn add(&mut self, arm: Arm, boxes: &[AnswerBox]) {
        self.boxes.extend(
            boxes
                .iter()
                .filter(|found| found.px.is_some())
                .map(|found| (arm, found.clone())),
        );
        self.draw();
    }

    fn draw(&self) {
        if let Some(canvas) = by_id::<HtmlCanvasElement>("view") {
            self.describe(&canvas);
            // Nothing can be done about a canvas that cannot be drawn on.
            let _ = self.draw_on(&canvas);
        }
    }

    fn describe(&self, canvas: &HtmlCanvasElement) {
        let boxes = self.boxes.len();
        let label = match boxes {
            0 => "The picture asked about".to_owned(),
            n => format!("The picture asked about, with {n} boxes; they are listed with the answers"),
        };
        let _ = canvas.set_attribute("aria-label", &label);
        let _ = canvas.set_attribute("data-boxes", &boxes.to_string());
    }

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
                .put_image_data(&self.pixels, 0.0, 0.0)?;
        }
        let (w, h) = (f64::from(canvas.width()), f64::from(canvas.height()));
        context.draw_image_with_html_canvas_element_and_dw_and_dh(&plain, 0.0, 0.0, w, h)?;
        let scale = w / f64::from(self.width.max(1));
        for (arm, found) in &self.boxes {
            draw_box(&context, *arm, found, scale, w)?;
        }
        Ok(())
    }
}

fn draw_box(
    context: &CanvasRenderingContext2d,
    arm: Arm,
    found: &AnswerBox,
    scale: f64,
    width: f64,
) -> Result<(), JsValue> {
    let Some(px) = found.px else { return Ok(()) };
    let [x1, y1, x2, y2] = px.map(|v| f64::from(v) * scale);
    let unit = (width / 160.0).max(2.5);
    let dashes = js_sys::Array::new();
    arm.dashes(unit).iter().for_each(|&dash| {
        dashes.push(&dash.into());
    });
    // A dark line under the bright one: seen on any ground.
    for (colour, line) in [("#000a", unit * 1.9), (arm.colour(), unit)] {
        context.set_line_dash(&dashes)?;
        context.set_stroke_style_str(colour);
        context.set_line_width(line);
        context.stroke_rect(x1, y1, x2 - x1, y2 - y1);
    }
    let text = format!("{} {}", arm.name(), source(found.source));
    let size = (width / 34.0).max(13.0);
    context.set_font(&format!("600 {size}px system-ui, sans-serif"));
    let wide = context.measure_text(&text)?.width() + size * 0.6;
    // Language model above its box, dense head below: the two seldom hide each other.
    let top = match found.source {
        Source::Llm => (y1 - size * 1.35).max(0.0),
        Source::Dense => y2.min(f64::from(context.canvas().map_or(0, |canvas| canvas.height())) - size * 1.35),
    };
    let left = x1.min((width - wide).max(0.0));
    context.set_fill_style_str("#000c");
    context.fill_rect(left, top, wide, size * 1.35);
    context.set_fill_style_str(arm.colour());
    context.fill_text(&text, left + size * 0.3, top + size)?;
    Ok(())
}

/// Who found a box, in a word.
pub(crate) fn source(source: Source) -> &'static str {
    match source {
        Source::Llm => "llm",
        Source::Dense => "dense",
    }
}
