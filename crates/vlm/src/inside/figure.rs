//! Maps of several models side by side, as PNG or SVG.

use std::fmt::Write as _;
use std::io::Cursor;

use base64::Engine as _;
use image::error::{ParameterError, ParameterErrorKind};
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageError, ImageFormat, ImageResult, RgbImage};
use sightline_answer::{Heat, Map};
use sightline_vision::Picture;

use crate::draw::{Pen, Sheet};

/// Longest side of the picture in a panel, px.
const SIDE: u32 = 320;
/// Between panels and around them, px.
const GAP: usize = 16;
/// Side of a letter, px.
const LETTER: usize = 8;
/// Height of a line of text, px.
const LINE: usize = 14;
/// Height of the bar that explains the colours, px.
const BAR: usize = 10;
/// Text and frame.
const INK: [u8; 3] = [32; 3];

/// A map of one model, or why there is none.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The model, for people.
    pub title: String,
    /// How the model is drawn.
    pub pen: Pen,
    /// The map, or a sentence.
    pub map: Result<Map, String>,
}

/// Maps of one picture, side by side.
#[derive(Clone, Debug)]
pub struct Figure<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// Models, in their order.
    pub panels: Vec<Panel>,
    /// What the maps show, in one sentence.
    pub about: &'a str,
}

/// One picture of the figure with the lines above and below it.
struct Tile {
    above: Vec<String>,
    below: Vec<String>,
    /// The tinted picture; none where there is no map.
    pixels: Option<RgbImage>,
    /// Left, top, right and bottom of the marked patch, px.
    marked: Option<[f32; 4]>,
    pen: Pen,
}

/// Where things are, px.
struct Layout {
    tile: usize,
    picture: [usize; 2],
    above: usize,
    below: usize,
    about: Vec<String>,
    size: [usize; 2],
}

impl Figure<'_> {
    /// The figure as PNG.
    ///
    /// # Errors
    /// Memory that does not suffice.
    pub fn png(&self) -> ImageResult<Vec<u8>> {
        let (tiles, layout) = self.laid_out()?;
        let [width, height] = layout.size;
        let mut pixels = vec![255; width * height * 3];
        let mut sheet = Sheet {
            pixels: &mut pixels,
            width,
            height,
        };
        for (at, tile) in tiles.iter().enumerate() {
            let (left, mut top) = (GAP + at * (layout.tile + GAP), GAP);
            for (line, text) in tile.above.iter().enumerate() {
                sheet.text(left, top + line * LINE, text, 1, INK);
            }
            top += layout.above;
            if let Some(picture) = &tile.pixels {
                sheet.put(left, top, picture.width() as usize, picture.as_raw());
                if let Some(marked) = tile.marked {
                    sheet.outline(marked.map(|v| v.max(0.0)), [left, top], layout.picture);
                }
                let bar = top + layout.picture[1] + 4;
                for x in 0..layout.tile {
                    let colour = shade(x as f32 / layout.tile as f32, tile.pen);
                    sheet.put(left + x, bar, 1, &colour.repeat(BAR));
                }
            }
            for (line, text) in tile.below.iter().enumerate() {
                let y = top + layout.picture[1] + 8 + BAR + line * LINE;
                sheet.text(left, y, text, 1, INK);
            }
        }
        let top = GAP + layout.above + layout.picture[1] + layout.below;
        for (line, text) in layout.about.iter().enumerate() {
            sheet.text(GAP, top + line * LINE, text, 1, INK);
        }
        encoded(&pixels, width as u32, height as u32)
    }

    /// The figure as SVG. Its text is text; pictures are in it.
    ///
    /// # Errors
    /// As [`Figure::png`].
    pub fn svg(&self) -> ImageResult<String> {
        let (tiles, layout) = self.laid_out()?;
        let [width, height] = layout.size;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"ui-monospace, monospace\" font-size=\"13\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
            escape(self.about)
        );
        for (at, tile) in tiles.iter().enumerate() {
            let (left, top) = (GAP + at * (layout.tile + GAP), GAP + layout.above);
            for (line, words) in tile.above.iter().enumerate() {
                text(&mut svg, left, GAP + (line + 1) * LINE - 4, words);
            }
            if let Some(picture) = &tile.pixels {
                self.tile(&mut svg, tile, picture, [left, top], &layout, at)?;
            }
            for (line, words) in tile.below.iter().enumerate() {
                let y = top + layout.picture[1] + 8 + BAR + (line + 1) * LINE - 4;
                text(&mut svg, left, y, words);
            }
        }
        let top = GAP + layout.above + layout.picture[1] + layout.below;
        for (line, words) in layout.about.iter().enumerate() {
            text(&mut svg, GAP, top + (line + 1) * LINE - 4, words);
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    /// The picture, the marked patch and the bar of a tile.
    fn tile(
        &self,
        svg: &mut String,
        tile: &Tile,
        picture: &RgbImage,
        [left, top]: [usize; 2],
        layout: &Layout,
        at: usize,
    ) -> ImageResult<()> {
        let bytes = encoded(picture.as_raw(), picture.width(), picture.height())?;
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        let (width, height) = picture.dimensions();
        let _ = writeln!(
            svg,
            "<image x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{data}\"/>"
        );
        if let Some([x1, y1, x2, y2]) = tile.marked {
            let (x, y) = (left as f32 + x1, top as f32 + y1);
            let (w, h) = (x2 - x1, y2 - y1);
            for (colour, stroke) in [("white", 4), ("black", 2)] {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"none\" \
                     stroke=\"{colour}\" stroke-width=\"{stroke}\"/>"
                );
            }
        }
        let hex = |share: f32| {
            let [r, g, b] = shade(share, tile.pen);
            format!("#{r:02x}{g:02x}{b:02x}")
        };
        let (y, width) = (top + layout.picture[1] + 4, layout.tile);
        let _ = writeln!(
            svg,
            "<linearGradient id=\"g{at}\"><stop stop-color=\"{}\"/><stop offset=\"1\" stop-color=\"{}\"/></linearGradient>\n\
             <rect x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{BAR}\" fill=\"url(#g{at})\"/>",
            hex(0.0),
            hex(1.0)
        );
        Ok(())
    }

    fn laid_out(&self) -> ImageResult<(Vec<Tile>, Layout)> {
        let shown = self.shown()?;
        let picture = [shown.width() as usize, shown.height() as usize];
        let tile = picture[0].max(26 * LETTER);
        let letters = tile / LETTER;
        let tiles: Vec<Tile> = self
            .panels
            .iter()
            .flat_map(|panel| tiles(panel, &shown, letters))
            .collect();
        let most = |lines: fn(&Tile) -> usize| tiles.iter().map(lines).max().unwrap_or(0);
        let width = GAP + tiles.len() * (tile + GAP);
        let about = wrapped(self.about, (width - 2 * GAP) / LETTER);
        let above = most(|tile| tile.above.len()) * LINE + 4;
        let below = 8 + BAR + most(|tile| tile.below.len()) * LINE + 8;
        let height = GAP + above + picture[1] + below + about.len() * LINE + GAP;
        let size = [width, height];
        let layout = Layout {
            tile,
            picture,
            above,
            below,
            about,
            size,
        };
        Ok((tiles, layout))
    }

    /// The picture at the size of a panel.
    fn shown(&self) -> ImageResult<RgbImage> {
        let (width, height) = (self.picture.width(), self.picture.height());
        let image = RgbImage::from_raw(width, height, self.picture.over([127; 3]).into_owned());
        let mismatch = || ParameterError::from_kind(ParameterErrorKind::DimensionMismatch);
        let image = image.ok_or_else(|| ImageError::Parameter(mismatch()))?;
        let scaled = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(width.max(height))).max(1) as u32;
        Ok(resize(&image, scaled(width), scaled(height), FilterType::CatmullRom))
    }
}

/// The tiles of one model.
fn tiles(panel: &Panel, shown: &RgbImage, letters: usize) -> Vec<Tile> {
    match &panel.map {
        Err(why) => vec![Tile {
            above: wrapped(&panel.title, letters),
            below: wrapped(why, letters),
            pixels: None,
            marked: None,
            pen: panel.pen,
        }],
        Ok(map) => map
            .heats
            .iter()
            .map(|heat| tile(panel, map, heat, shown, letters))
            .collect(),
    }
}

fn tile(panel: &Panel, map: &Map, heat: &Heat, shown: &RgbImage, letters: usize) -> Tile {
    let (scale, [width, height]) = (map.scale(), [shown.width() as f32, shown.height() as f32]);
    let mut pixels = shown.clone();
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let at = map.index((x as f32 + 0.5) / width, (y as f32 + 0.5) / height);
        pixel.0 = Map::tint(heat.values[at], scale, pixel.0, panel.pen.colour);
    }
    let mut above = wrapped(&panel.title, letters);
    above.extend(wrapped(&heat.name, letters));
    Tile {
        above,
        below: legend(map, heat)
            .iter()
            .flat_map(|line| wrapped(line, letters))
            .collect(),
        pixels: Some(pixels),
        marked: map.patch.map(|[row, column]| {
            let [x1, y1, x2, y2] = map.cell_of(row, column);
            [x1 * width, y1 * height, x2 * width, y2 * height]
        }),
        pen: panel.pen,
    }
}

/// What is said below a map: first what the ends of the bar stand for.
fn legend(map: &Map, heat: &Heat) -> Vec<String> {
    let [low, high] = map.scale().map(Map::number);
    [format!("{low} to {high}")]
        .into_iter()
        .chain(map.lines(heat))
        .collect()
}

/// The colour of a share of full colour, on a grey in the middle.
fn shade(share: f32, pen: Pen) -> [u8; 3] {
    Map::tint(share, [0.0, 1.0], [127; 3], pen.colour)
}

fn encoded(pixels: &[u8], width: u32, height: u32) -> ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let (colour, format) = (ExtendedColorType::Rgb8, ImageFormat::Png);
    image::write_buffer_with_format(&mut bytes, pixels, width, height, colour, format)?;
    Ok(bytes.into_inner())
}

/// A text in lines of at most `letters` letters, cut between words.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn text(svg: &mut String, x: usize, y: usize, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\">{}</text>", escape(words));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", 4), ["incomprehensible"]);
        assert!(wrapped("", 4).is_empty());
    }
}
