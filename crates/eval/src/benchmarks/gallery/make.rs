//! Mosaics from a seed: which pictures, where, and which part of each.
//!
//! Whole numbers decide all but the parts, and these take one division and one multiplication of
//! doubles. So every machine makes the same mosaics.

use std::sync::Arc;

use super::pictures::PICTURES;
use crate::sources::mosaic::{CANVAS, Composition, Tile};
use crate::stats::split_mix;

/// Number of mosaics.
pub(super) const MOSAICS: usize = 120;
/// Decides all of them.
const SEED: u64 = 2603;
/// Nearest to the canvas's edge that a cut between tiles may be, px.
const NEAREST: usize = 80;

/// Numbers that are drawn, one after the other.
pub(super) struct Draws {
    seed: u64,
    at: u64,
}

impl Draws {
    /// Those of a mosaic. `what` sets apart what is drawn for its questions.
    pub(super) fn of(mosaic: usize, what: u64) -> Self {
        Self {
            seed: split_mix(SEED + what, mosaic as u64),
            at: 0,
        }
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.at += 1;
        (split_mix(self.seed, self.at) % count as u64) as usize
    }

    /// Puts a list into a drawn order.
    fn shuffle(&mut self, list: &mut [usize]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// How the tiles of a mosaic lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Two, side by side.
    Beside,
    /// Two, one above the other.
    Stacked,
    /// Four: above left, above right, below left, below right.
    Cross,
}

/// A mosaic.
#[derive(Debug)]
pub(super) struct Mosaic {
    pub(super) layout: Layout,
    /// Numbers of the pictures in [`PICTURES`]: first those that are shown, tile by tile, then the
    /// others.
    pub(super) pictures: Vec<usize>,
    pub(super) composition: Arc<Composition>,
}

impl Mosaic {
    /// The mosaic of this number.
    pub(super) fn make(number: usize) -> Self {
        let mut draws = Draws::of(number, 0);
        let layout = [Layout::Beside, Layout::Stacked, Layout::Cross][number % 3];
        let mut pictures: Vec<usize> = (0..PICTURES.len()).collect();
        draws.shuffle(&mut pictures);
        let mut cut = || NEAREST + draws.below(CANVAS - 2 * NEAREST + 1);
        let (x, y) = (cut(), cut());
        let rects: &[[usize; 4]] = match layout {
            Layout::Beside => &[[0, 0, x, CANVAS], [x, 0, CANVAS, CANVAS]],
            Layout::Stacked => &[[0, 0, CANVAS, y], [0, y, CANVAS, CANVAS]],
            Layout::Cross => &[
                [0, 0, x, y],
                [x, 0, CANVAS, y],
                [0, y, x, CANVAS],
                [x, y, CANVAS, CANVAS],
            ],
        };
        let tile = |(rect, &row): (&[usize; 4], &usize)| Tile {
            row,
            rect: *rect,
            window: window(*rect, row),
        };
        let tiles = rects.iter().zip(&pictures).map(tile).collect();
        Self {
            layout,
            pictures,
            composition: Arc::new(Composition { tiles }),
        }
    }

    /// Number of tiles.
    pub(super) fn len(&self) -> usize {
        self.composition.tiles.len()
    }

    /// The name of what a tile shows.
    pub(super) fn name(&self, tile: usize) -> &'static str {
        PICTURES[self.pictures[tile]].name
    }

    /// Where the thing of a tile is on the canvas, to a hundredth of a px, and how much of its box
    /// is seen.
    pub(super) fn place(&self, tile: usize) -> ([f64; 4], f64) {
        let Tile { row, rect, window } = &self.composition.tiles[tile];
        let [x, y, width, height] = *window;
        let [x1, y1, x2, y2] = PICTURES[*row].place.map(f64::from);
        let seen = [x1.max(x), y1.max(y), x2.min(x + width), y2.min(y + height)];
        let share = (seen[2] - seen[0]).max(0.0) * (seen[3] - seen[1]).max(0.0) / ((x2 - x1) * (y2 - y1));
        let [left, top, right, bottom] = rect.map(|edge| edge as f64);
        let across = |at: f64| left + (at - x) / width * (right - left);
        let down = |at: f64| top + (at - y) / height * (bottom - top);
        let hundredths = |edge: f64| (edge * 100.0).round() / 100.0;
        let place = [across(seen[0]), down(seen[1]), across(seen[2]), down(seen[3])];
        (place.map(hundredths), share)
    }
}

/// The part of a picture that a tile shows: of the tile's shape, as large as the picture has it,
/// and with the thing in its middle as far as the edges allow.
fn window(rect: [usize; 4], picture: usize) -> [f64; 4] {
    let shown = &PICTURES[picture];
    let [width, height] = shown.size.map(f64::from);
    let [across, down] = [rect[2] - rect[0], rect[3] - rect[1]].map(|side| side as f64);
    let scale = (width / across).min(height / down);
    let (wide, high) = (across * scale, down * scale);
    let [x1, y1, x2, y2] = shown.place.map(f64::from);
    let start = |middle: f64, part: f64, all: f64| (middle - part / 2.0).min(all - part).max(0.0);
    [
        start((x1 + x2) / 2.0, wide, width),
        start((y1 + y2) / 2.0, high, height),
        wide,
        high,
    ]
}
