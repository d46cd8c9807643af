//! Pillow's antialiased resampling of 8-bit RGB, bit for bit.
//!
//! Source: Pillow `src/libImaging/Resample.c`, `ImagingResample` for 8 bits a channel: coefficients in f64, rounded to 22-bit
//! fixed point, a horizontal pass into bytes, then a vertical pass into bytes.

use crate::picture::Picture;

/// Resampling kernel, by Pillow's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Triangle, support 1.
    Bilinear,
    /// Keys' cubic with a = -0.5, support 2.
    Bicubic,
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// A picture inside a larger frame of one colour, without the frame's pixels in memory: a 64,000 x 1 px picture padded to a
/// square would need 12 GB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Padded<'a> {
    pub(crate) picture: &'a Picture,
    /// Size of the frame in px.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Where the picture's corner lies in the frame, px.
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) pad: [u8; 3],
}

impl<'a> Padded<'a> {
    pub(crate) fn without_pad(picture: &'a Picture) -> Self {
        Self {
            picture,
            width: picture.width() as usize,
            height: picture.height() as usize,
            left: 0,
            top: 0,
            pad: [0; 3],
        }
    }
}

/// The part of a resized picture that is wanted, px. A crop of a strip enlarged by its short side would otherwise pass through
/// gigabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Resizes a picture to `width` x `height` px, as `Image.resize((width, height), filter)` of Pillow does. Returns RGB bytes
/// `[height, width, 3]`. Sizes of 0 are read as 1.
pub fn resize(picture: &Picture, width: u32, height: u32, filter: Filter) -> Vec<u8> {
    let (width, height) = (width.max(1) as usize, height.max(1) as usize);
    let whole = Window {
        left: 0,
        top: 0,
        width,
        height,
    };
    resize_window(&Padded::without_pad(picture), width, height, whole, filter)
}

/// As [`resize`], of a picture with a frame around it, and only `window` of the result: RGB bytes `[window.height,
/// window.width, 3]`. The window must lie inside the result.
pub(crate) fn resize_window(source: &Padded, width: usize, height: usize, window: Window, filter: Filter) -> Vec<u8> {
    let across = Taps::new(source.width, width, window.left, window.width, filter);
    let down = Taps::new(source.height, height, window.top, window.height, filter);
    let wide = horizontal(source, &across);
    vertical(source, &wide, &down, window.width)
}

/// Rows after the horizontal pass: the picture's own, and the one that every row of the frame above and below becomes.
struct Wide {
    rows: Vec<u8>,
    pad_row: Vec<u8>,
}

fn horizontal(source: &Padded, taps: &Taps) -> Wide {
    let rows = source.picture.height() as usize;
    let stride = taps.len() * 3;
    let mut wide = Wide {
        rows: vec![0; rows * stride],
        pad_row: vec![0; stride],
    };
    let mut line: Vec<u8> = source.pad.iter().copied().cycle().take(source.width * 3).collect();
    taps.across(&line, &mut wide.pad_row);
    let start = source.left * 3;
    for (y, out) in wide.rows.chunks_exact_mut(stride).enumerate() {
        let row = source.picture.row(y);
        line[start..start + row.len()].copy_from_slice(row);
        taps.across(&line, out);
    }
    wide
}

fn vertical(source: &Padded, wide: &Wide, taps: &Taps, width: usize) -> Vec<u8> {
    let stride = width * 3;
    let rows = source.picture.height() as usize;
    let row_at = |y: usize| match y.checked_sub(source.top) {
        Some(y) if y < rows => &wide.rows[y * stride..(y + 1) * stride],
        _ => &wide.pad_row[..],
    };
    let mut out = vec![0u8; taps.len() * stride];
    let mut sums = vec![0i32; stride];
    for (y, row) in out.chunks_exact_mut(stride).enumerate() {
        let (first, weights) = taps.at(y);
        sums.fill(HALF);
        for (k, &weight) in weights.iter().enumerate() {
            for (sum, &value) in sums.iter_mut().zip(row_at(first + k)) {
                *sum += i32::from(value) * weight;
            }
        }
        for (value, &sum) in row.iter_mut().zip(&sums) {
            *value = clip(sum);
        }
    }
    out
}

/// Bits behind the point of the fixed-point weights: 8 for the value, 2 to spare for overshoot.
const PRECISION_BITS: u32 = 32 - 8 - 2;
const HALF: i32 = 1 << (PRECISION_BITS - 1);

fn clip(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// For each output position: the first input position and the weights from there on.
struct Taps {
    first: Vec<usize>,
    start: Vec<usize>,
    weights: Vec<i32>,
}

impl Taps {
    /// Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` for the outputs `from..from + count` of `output`.
    ///
    /// An axis that keeps its length gets the weight 1 at its own place, which copies it as Pillow does.
    fn new(input: usize, output: usize, from: usize, count: usize, filter: Filter) -> Self {
        let scale = input as f64 / output as f64;
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let step = 1.0 / filter_scale;
        let mut taps = Self {
            first: Vec::with_capacity(count),
            start: Vec::with_capacity(count + 1),
            weights: Vec::new(),
        };
        let mut row: Vec<f64> = Vec::new();
        for x in from..from + count {
            let center = (x as f64 + 0.5) * scale;
            // `as` truncates and saturates at 0, as C's cast and the clamp after it do
            let low = (center - support + 0.5) as usize;
            let high = ((center + support + 0.5) as usize).min(input);
            row.clear();
            row.extend((low..high).map(|i| filter.weight((i as f64 - center + 0.5) * step)));
            let total: f64 = row.iter().sum();
            taps.first.push(low);
            taps.start.push(taps.weights.len());
            taps.weights.extend(row.iter().map(|&w| {
                let w = if total != 0.0 { w / total } else { w };
                let fixed = w * f64::from(1u32 << PRECISION_BITS);
                (if w < 0.0 { fixed - 0.5 } else { fixed + 0.5 }) as i32
            }));
        }
        taps.start.push(taps.weights.len());
        taps
    }

    fn len(&self) -> usize {
        self.first.len()
    }

    fn at(&self, x: usize) -> (usize, &[i32]) {
        (self.first[x], &self.weights[self.start[x]..self.start[x + 1]])
    }

    /// One row of RGB.
    fn across(&self, line: &[u8], out: &mut [u8]) {
        for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
            let (first, weights) = self.at(x);
            let mut sum = [HALF; 3];
            for (value, &weight) in line[first * 3..].chunks_exact(3).zip(weights) {
                for (s, &v) in sum.iter_mut().zip(value) {
                    *s += i32::from(v) * weight;
                }
            }
            for (byte, s) in pixel.iter_mut().zip(sum) {
                *byte = clip(s);
            }
        }
    }
}
