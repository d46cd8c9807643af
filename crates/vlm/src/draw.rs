//! Boxes drawn on a picture: one colour and dash per model, and a label with the origin of the box.

use font8x8::UnicodeFonts;
use sightline_answer::Map;

/// The look of one model's boxes. Models differ in dash as well as in colour, so that colour is not
/// needed to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pen {
    /// RGB.
    pub colour: [u8; 3],
    /// Length of a dash and of the gap after it, in line widths; a gap of 0 draws a solid line.
    pub dash: (usize, usize),
}

/// Pens by order of models: blue and solid, orange and dashed, then green and dotted.
pub const PENS: [Pen; 3] = [
    Pen {
        colour: Map::COLOURS[0],
        dash: (1, 0),
    },
    Pen {
        colour: Map::COLOURS[1],
        dash: (4, 3),
    },
    Pen {
        colour: Map::COLOURS[2],
        dash: (1, 2),
    },
];

/// An RGB picture to draw on: `pixels` holds `height * width * 3` bytes.
pub struct Sheet<'a> {
    /// Bytes, row-major, channels last.
    pub pixels: &'a mut [u8],
    /// Width in px.
    pub width: usize,
    /// Height in px.
    pub height: usize,
}

impl Sheet<'_> {
    /// Line width for a picture of this size, px.
    fn line(&self) -> usize {
        (self.width.max(self.height) / 220).max(2)
    }

    /// Draws a box with corners in px, and its label above it. Without room above, the label is
    /// inside. Parts outside the picture are left out.
    pub fn draw_box(&mut self, corners: [f32; 4], label: &str, pen: Pen) {
        let line = self.line();
        let limit = |v: f32, side: usize| v.clamp(0.0, side.saturating_sub(1) as f32) as usize;
        let (x1, y1) = (limit(corners[0], self.width), limit(corners[1], self.height));
        let (x2, y2) = (limit(corners[2], self.width), limit(corners[3], self.height));
        for x in x1..=x2 {
            if on(x - x1, line, pen) {
                self.dot(x, y1, line, pen.colour);
                self.dot(x, y2.saturating_sub(line - 1), line, pen.colour);
            }
        }
        for y in y1..=y2 {
            if on(y - y1, line, pen) {
                self.dot(x1, y, line, pen.colour);
                self.dot(x2.saturating_sub(line - 1), y, line, pen.colour);
            }
        }
        self.label(x1, y1, label, pen.colour);
    }

    /// White text on the pen's colour.
    fn label(&mut self, x: usize, y: usize, text: &str, colour: [u8; 3]) {
        let scale = (self.width.max(self.height) / 500).max(1);
        let (pad, glyph) = (2 * scale, 8 * scale);
        let (width, height) = (text.chars().count() * glyph + 2 * pad, glyph + 2 * pad);
        let top = if y >= height { y - height } else { y };
        let left = x.min(self.width.saturating_sub(width));
        for dy in 0..height {
            for dx in 0..width {
                self.set(left + dx, top + dy, colour);
            }
        }
        self.text(left + pad, top + pad, text, scale, [255; 3]);
    }

    /// Text whose upper left corner is at a point. Letters are `8 * scale` px wide and high.
    pub(crate) fn text(&mut self, x: usize, y: usize, text: &str, scale: usize, colour: [u8; 3]) {
        for (i, c) in text.chars().enumerate() {
            let rows = font8x8::BASIC_FONTS
                .get(c)
                .or_else(|| font8x8::BASIC_FONTS.get('?'))
                .unwrap_or([0; 8]);
            for (r, row) in rows.iter().enumerate() {
                for b in (0..8).filter(|b| row >> b & 1 == 1) {
                    self.square(x + (i * 8 + b) * scale, y + r * scale, scale, colour);
                }
            }
        }
    }

    /// Puts an RGB picture `width` px wide onto the sheet, its upper left corner at a point.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn put(&mut self, x: usize, y: usize, width: usize, pixels: &[u8]) {
        for (at, pixel) in pixels.chunks_exact(3).enumerate() {
            self.set(x + at % width, y + at / width, [pixel[0], pixel[1], pixel[2]]);
        }
    }

    /// A black outline inside a white one, seen on any ground. `corners` are px behind `origin`;
    /// what is outside of `size` px behind it is cut.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn outline(&mut self, corners: [f32; 4], origin: [usize; 2], size: [usize; 2]) {
        let limit = |v: f32, side: usize| (v.max(0.0) as usize).min(side.saturating_sub(1));
        let [x1, y1, x2, y2] = corners;
        let (x1, x2) = (limit(x1, size[0]), limit(x2, size[0]));
        let (y1, y2) = (limit(y1, size[1]), limit(y2, size[1]));
        for (inset, colour) in [(0, [255; 3]), (1, [0; 3]), (2, [0; 3])] {
            let (left, right) = (origin[0] + x1 + inset, (origin[0] + x2).saturating_sub(inset));
            let (top, bottom) = (origin[1] + y1 + inset, (origin[1] + y2).saturating_sub(inset));
            for x in left..=right {
                self.set(x, top, colour);
                self.set(x, bottom, colour);
            }
            for y in top..=bottom {
                self.set(left, y, colour);
                self.set(right, y, colour);
            }
        }
    }

    /// A piece of line: a square of side `line` down and right of the point.
    fn dot(&mut self, x: usize, y: usize, line: usize, colour: [u8; 3]) {
        self.square(x, y, line, colour);
    }

    fn square(&mut self, x: usize, y: usize, side: usize, colour: [u8; 3]) {
        for dy in 0..side {
            for dx in 0..side {
                self.set(x + dx, y + dy, colour);
            }
        }
    }

    fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width
            && let Some(pixel) = self
                .pixels
                .get_mut((y * self.width + x) * 3..(y * self.width + x) * 3 + 3)
        {
            pixel.copy_from_slice(&colour);
        }
    }
}

/// Whether the point at this distance along a line is drawn.
fn on(distance: usize, line: usize, pen: Pen) -> bool {
    let (dash, gap) = pen.dash;
    distance / line % (dash + gap).max(1) < dash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(pixels: &mut [u8], width: usize, height: usize) -> Sheet<'_> {
        Sheet { pixels, width, height }
    }

    #[test]
    fn a_solid_box_has_its_four_sides_and_an_untouched_middle() {
        let mut pixels = vec![255; 100 * 80 * 3];
        sheet(&mut pixels, 100, 80).draw_box([20.0, 30.0, 70.0, 60.0], "x", PENS[0]);
        let at = |x: usize, y: usize| &pixels[(y * 100 + x) * 3..][..3];
        for (x, y) in [(20, 45), (70, 45), (45, 30), (45, 60)] {
            assert_eq!(at(x, y), PENS[0].colour, "{x} {y}");
        }
        assert_eq!(at(45, 45), [255; 3]);
    }

    #[test]
    fn boxes_and_labels_past_the_edges_are_cut_not_wrapped() {
        let mut pixels = vec![7; 10 * 6 * 3];
        sheet(&mut pixels, 10, 6).draw_box([-5.0, -5.0, 99.0, 99.0], "a very long label", PENS[1]);
        assert_eq!(pixels.len(), 10 * 6 * 3);
        sheet(&mut [], 0, 0).draw_box([0.0, 0.0, 1.0, 1.0], "x", PENS[2]);
    }
}
