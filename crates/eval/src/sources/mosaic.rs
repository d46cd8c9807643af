//! Mosaics: parts of small pictures side by side on one canvas, made the same way everywhere.
//!
//! Only additions, multiplications, divisions and roundings of doubles take part, so a mosaic has
//! the same bytes on every machine.

use super::error::ImageError;

/// Side of the canvas, px: what the models of this project see.
pub(crate) const CANVAS: usize = 224;

/// What lies where.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// Its tiles, which cover the canvas.
    pub tiles: Vec<Tile>,
}

/// A part of a picture on a part of the canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Number of the picture: its row, or its place among the files.
    pub row: usize,
    /// Where on the canvas: x0, y0, x1, y1, px.
    pub rect: [usize; 4],
    /// Which part of the picture: x, y, width, height, px.
    pub window: [f64; 4],
}

impl Composition {
    /// The mosaic as a BMP file. `picture` hands out encoded pictures by row.
    pub(crate) fn bmp(&self, picture: impl Fn(usize) -> Result<Vec<u8>, ImageError>) -> Result<Vec<u8>, ImageError> {
        let mut canvas = vec![[0; 3]; CANVAS * CANVAS];
        for tile in &self.tiles {
            let decoded = image::load_from_memory(&picture(tile.row)?)
                .map_err(|error| ImageError(format!("picture {} cannot be decoded ({error})", tile.row)))?;
            tile.draw(&decoded.to_rgb8(), &mut canvas);
        }
        Ok(encode(&canvas))
    }
}

impl Tile {
    /// Draws the window, interpolating between the four pixels around each point.
    fn draw(&self, picture: &image::RgbImage, canvas: &mut [[u8; 3]]) {
        let [x0, y0, x1, y1] = self.rect;
        let columns = samples(x0, x1, self.window[0], self.window[2], picture.width());
        let rows = samples(y0, y1, self.window[1], self.window[3], picture.height());
        for (y, &(top, bottom, down)) in (y0..y1).zip(&rows) {
            for (x, &(left, right, across)) in (x0..x1).zip(&columns) {
                let at = |x: u32, y: u32, channel: usize| f64::from(picture.get_pixel(x, y).0[channel]);
                canvas[y * CANVAS + x] = std::array::from_fn(|c| {
                    let above = at(left, top, c) * (1.0 - across) + at(right, top, c) * across;
                    let below = at(left, bottom, c) * (1.0 - across) + at(right, bottom, c) * across;
                    (above * (1.0 - down) + below * down).round() as u8
                });
            }
        }
    }
}

/// For every canvas place from `first` to `end`: the pixels before and after it in the picture, and
/// how far it is between them.
fn samples(first: usize, end: usize, start: f64, size: f64, length: u32) -> Vec<(u32, u32, f64)> {
    let last = length - 1;
    let sample = |place: usize| {
        let share = ((place - first) as f64 + 0.5) / (end - first) as f64;
        let at = (start + share * size - 0.5).clamp(0.0, f64::from(last));
        let before = at.floor();
        (before as u32, (before as u32 + 1).min(last), at - before)
    };
    (first..end).map(sample).collect()
}

/// Bytes of a BMP file before its pixels.
const HEADER: usize = 54;

/// A canvas as a BMP file: 24 bits a pixel, no compression, rows from the bottom.
fn encode(canvas: &[[u8; 3]]) -> Vec<u8> {
    let pixels = CANVAS * CANVAS * 3;
    let side = CANVAS as u32;
    let mut out = Vec::with_capacity(HEADER + pixels);
    out.extend_from_slice(b"BM");
    for word in [(HEADER + pixels) as u32, 0, HEADER as u32, 40, side, side] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&1u16.to_le_bytes());
    out.extend_from_slice(&24u16.to_le_bytes());
    for word in [0, pixels as u32, 2835, 2835, 0, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for row in canvas.chunks(CANVAS).rev() {
        for [red, green, blue] in row {
            out.extend_from_slice(&[*blue, *green, *red]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A picture of 4 x 2 px whose colour says where: red is 60 x, green 100 y.
    fn picture() -> Vec<u8> {
        let pixels = image::RgbImage::from_fn(4, 2, |x, y| image::Rgb([60 * x as u8, 100 * y as u8, 7]));
        let mut out = Cursor::new(Vec::new());
        pixels.write_to(&mut out, image::ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn tiles_show_their_window() {
        let left = Tile {
            row: 0,
            rect: [0, 0, 112, 224],
            window: [0.0, 0.0, 2.0, 2.0],
        };
        let right = Tile {
            row: 1,
            rect: [112, 0, 224, 224],
            window: [2.0, 0.0, 2.0, 2.0],
        };
        let mosaic = Composition {
            tiles: vec![left, right],
        };
        let bmp = mosaic.bmp(|_| Ok(picture())).unwrap();
        assert_eq!(bmp.len(), HEADER + CANVAS * CANVAS * 3);
        let shown = image::load_from_memory(&bmp).unwrap().to_rgb8();
        assert_eq!(shown.dimensions(), (224, 224));
        // Corners, and a point between two pixels.
        assert_eq!(shown.get_pixel(0, 0).0, [0, 0, 7]);
        assert_eq!(shown.get_pixel(223, 223).0, [180, 100, 7]);
        assert_eq!(shown.get_pixel(112, 0).0, [91, 0, 7]);
        assert_eq!(shown.get_pixel(111, 223).0, [89, 100, 7]);
        assert_eq!(bmp, mosaic.bmp(|_| Ok(picture())).unwrap());
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let tile = Tile {
            row: 5,
            rect: [0, 0, 224, 224],
            window: [0.0, 0.0, 4.0, 2.0],
        };
        let mosaic = Composition { tiles: vec![tile] };
        let error = mosaic.bmp(|_| Ok(b"nothing".to_vec())).unwrap_err();
        assert!(error.0.starts_with("picture 5 cannot be decoded"), "{error}");
    }
}
