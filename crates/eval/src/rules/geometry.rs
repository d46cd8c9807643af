//! Frames in which boxes are compared.
//!
//! The fork (`geometry.py`, MIT) chooses by the *name* of the image transform, not by what it does:
//! `letterbox` is the picture centred on a square, `resize-crop` its middle, every other name
//! (`letterbox-square-512` too) the plain picture. Boxes are clamped to 0 to 1.

use crate::mutant::branch;
use crate::python;

/// x0, y0, x1, y1.
pub type Box = [f64; 4];

/// `image_transform.json` of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transform {
    /// `policy`; the fork takes a missing one for `resize-naive`.
    pub policy: Option<String>,
    /// `target_resolution`: height and width in px. Taken for the picture's own size where it is
    /// missing or 0.
    pub target_resolution: Option<[f64; 2]>,
}

/// Stands before the name of a policy of ours where boxes are compared where the policy puts them.
/// The fork knows none of these names, and would take each for the plain picture.
pub const CANVAS: &str = "canvas:";

/// A frame in which boxes are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Frame {
    /// The picture, centred on a square as long as its longer side. LLaVA's training boxes are in
    /// this frame.
    CentredSquare,
    /// The picture, scaled to cover this height and width in px, and its middle cut out.
    Crop([f64; 2]),
    /// The picture.
    Picture,
    /// A canvas: an edge in px times `scale` plus `offset` is a fraction of it. Both are across,
    /// then down.
    Canvas {
        /// Fractions per px.
        scale: [f64; 2],
        /// Where the picture's corner lies, as a fraction.
        offset: [f64; 2],
    },
}

impl Transform {
    /// The frame that the fork scores in.
    pub fn frame(&self, [width, height]: [f64; 2]) -> Frame {
        let policy = self.policy.as_deref().unwrap_or("resize-naive");
        if let Some(ours) = policy.strip_prefix(CANVAS) {
            return canvas(ours, self.target_resolution, [width, height]);
        }
        let policy = branch!("geometry.policy_lower", python::lower(policy), policy.to_owned());
        match policy.as_str() {
            "letterbox" => branch!("geometry.letterbox", Frame::CentredSquare, Frame::Picture),
            "resize-crop" => {
                let target = self.target_resolution.unwrap_or([0.0; 2]);
                let known = branch!("geometry.no_resolution", !target.contains(&0.0), true);
                branch!(
                    "geometry.resize_crop",
                    Frame::Crop(if known { target } else { [height, width] }),
                    Frame::Picture
                )
            }
            name if name.starts_with("letterbox") => {
                branch!("geometry.by_exact_name", Frame::Picture, Frame::CentredSquare)
            }
            _ => Frame::Picture,
        }
    }
}

impl Frame {
    /// A box in px, projected as the fork does; none where it divides by zero. `size` is width and
    /// height in px.
    pub fn project(self, bounds: Box, [width, height]: [f64; 2]) -> Option<Box> {
        let placed = match self {
            Self::CentredSquare => {
                let longer = larger(width, height);
                let pad_x = branch!("geometry.pad_x", (longer - width) / 2.0, 0.0);
                let pad_y = branch!("geometry.pad_y", (longer - height) / 2.0, 0.0);
                let [x0, y0, x1, y1] = bounds;
                divided([x0 + pad_x, y0 + pad_y, x1 + pad_x, y1 + pad_y], [longer; 2])?
            }
            Self::Crop([target_height, target_width]) => {
                let [scale_x, scale_y] = [ratio(target_width, width)?, ratio(target_height, height)?];
                let scale = branch!("geometry.cover", larger(scale_x, scale_y), scale_x.min(scale_y));
                let offset_x = larger(0.0, (width * scale - target_width) / 2.0);
                let offset_y = larger(0.0, (height * scale - target_height) / 2.0);
                let offset_x = branch!("geometry.offset_x", offset_x, 0.0);
                let offset_y = branch!("geometry.offset_y", offset_y, 0.0);
                let [x0, y0, x1, y1] = bounds.map(|coordinate| coordinate * scale);
                let moved = [x0 - offset_x, y0 - offset_y, x1 - offset_x, y1 - offset_y];
                divided(moved, [target_width, target_height])?
            }
            Self::Picture => divided(bounds, [width, height])?,
            Self::Canvas { scale, offset } => {
                let [x0, y0, x1, y1] = bounds;
                let [x, y] = [0, 1].map(|axis| move |px: f64| px * scale[axis] + offset[axis]);
                [x(x0), y(y0), x(x1), y(y1)]
            }
        };
        Some(branch!("geometry.clamp", placed.map(clamp), placed))
    }

    /// A normalised box in px of the picture: the way back, without clamping. `size` is width and
    /// height in px.
    pub fn unproject(self, bounds: Box, [width, height]: [f64; 2]) -> Box {
        let [x0, y0, x1, y1] = bounds;
        match self {
            Self::CentredSquare => {
                let longer = width.max(height);
                let [pad_x, pad_y] = [(longer - width) / 2.0, (longer - height) / 2.0];
                [
                    x0 * longer - pad_x,
                    y0 * longer - pad_y,
                    x1 * longer - pad_x,
                    y1 * longer - pad_y,
                ]
            }
            Self::Crop([target_height, target_width]) => {
                let scale = (target_width / width).max(target_height / height);
                let offset_x = ((width * scale - target_width) / 2.0).max(0.0);
                let offset_y = ((height * scale - target_height) / 2.0).max(0.0);
                [
                    (x0 * target_width + offset_x) / scale,
                    (y0 * target_height + offset_y) / scale,
                    (x1 * target_width + offset_x) / scale,
                    (y1 * target_height + offset_y) / scale,
                ]
            }
            Self::Picture => [x0 * width, y0 * height, x1 * width, y1 * height],
            Self::Canvas { scale, offset } => {
                let [x, y] = [0, 1].map(|axis| move |part: f64| (part - offset[axis]) / scale[axis]);
                [x(x0), y(y0), x(x1), y(y1)]
            }
        }
    }
}

/// Where a policy of ours puts a picture of `size` (width and height in px) on its canvas of
/// `target` (height and width in px). Any other name means the plain picture.
fn canvas(policy: &str, target: Option<[f64; 2]>, size: [f64; 2]) -> Frame {
    let known = target.filter(|target| target.iter().chain(&size).all(|&side| side > 0.0));
    let Some([rows, columns]) = known else {
        return Frame::Picture;
    };
    let [width, height] = size;
    let shrunk = |fit: f64| size.map(|side| (side * fit.min(1.0)).round_ties_even().max(1.0));
    let (resized, cut, canvas) = match policy {
        "letterbox-corner" => {
            let [w, h] = shrunk((columns / width).min(rows / height));
            ([w.min(columns), h.min(rows)], [0.0; 2], [columns, rows])
        }
        "vmamba-classification" => {
            // Covered with a margin of an eighth, and the middle cut out.
            let [over, down] = [columns, rows].map(|side| (side * 8.0 / 7.0).floor());
            let resized = if over * height >= down * width {
                [over, (over * height / width).floor().max(down)]
            } else {
                [(down * width / height).floor().max(over), down]
            };
            let middle = |axis: usize| ((resized[axis] - [columns, rows][axis]) / 2.0).round_ties_even();
            (resized, [middle(0), middle(1)], [columns, rows])
        }
        "vmamba-detection" | "vmamba-segmentation" => {
            let (long, short) = (rows.max(columns), rows.min(columns));
            let resized = shrunk((long / width.max(height)).min(short / width.min(height)));
            (resized, [0.0; 2], resized.map(|side| (side / 32.0).ceil() * 32.0))
        }
        _ => return Frame::Picture,
    };
    Frame::Canvas {
        scale: [0, 1].map(|axis| resized[axis] / size[axis] / canvas[axis]),
        offset: [0, 1].map(|axis| -cut[axis] / canvas[axis]),
    }
}

/// Python's `a / b`: none where it raises.
fn ratio(a: f64, b: f64) -> Option<f64> {
    (b != 0.0).then(|| a / b)
}

fn divided([x0, y0, x1, y1]: Box, [width, height]: [f64; 2]) -> Option<Box> {
    Some([
        ratio(x0, width)?,
        ratio(y0, height)?,
        ratio(x1, width)?,
        ratio(y1, height)?,
    ])
}

/// Python's `max(a, b)`: the first of equals.
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// Python's `min(a, b)`: the first of equals.
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

fn clamp(value: f64) -> f64 {
    larger(0.0, smaller(1.0, value))
}

/// Intersection over union as the fork computes it; none where it divides by zero.
pub fn iou(a: Box, b: Box) -> Option<f64> {
    let [x0, y0] = [larger(a[0], b[0]), larger(a[1], b[1])];
    let [x1, y1] = [smaller(a[2], b[2]), smaller(a[3], b[3])];
    let area = |of: Box| (of[2] - of[0]) * (of[3] - of[1]);
    let width = branch!("geometry.no_overlap_x", larger(0.0, x1 - x0), x1 - x0);
    let height = branch!("geometry.no_overlap_y", larger(0.0, y1 - y0), y1 - y0);
    let shared = width * height;
    let union = branch!(
        "geometry.union",
        area(a) + area(b) - shared,
        area(a) + (area(b) - shared)
    );
    ratio(shared, union)
}

/// A box in px as the fork's metadata stores it: normalised by the picture's size, two decimals.
pub fn two_decimals(bounds: Box, [width, height]: [f64; 2]) -> Option<Box> {
    let places = branch!("geometry.two_decimals", 2, 3);
    Some(divided(bounds, [width, height])?.map(|coordinate| python::round(coordinate, places)))
}

/// A gold box, in one of the forms that the fork's metadata has had.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gold {
    /// `bbox_xyxy` as the fork's builders write it: the annotation's px.
    Pixels(Box),
    /// `bbox` (two decimals of the picture's size), turned into px with two decimals, as
    /// `build_localization_metadata_v2.py` does.
    V2(Box),
    /// `bbox` without `bbox_xyxy`: the scorers turn it into px themselves, unrounded.
    Normalised(Box),
}

impl Gold {
    /// The box in px that the scorer takes.
    pub fn pixels(self, [width, height]: [f64; 2]) -> Box {
        let scaled = |[x0, y0, x1, y1]: Box| [x0 * width, y0 * height, x1 * width, y1 * height];
        match self {
            Self::Pixels(bounds) => bounds,
            Self::V2(bounds) => branch!(
                "geometry.v2_rounds",
                scaled(bounds).map(|coordinate| python::round(coordinate, 2)),
                scaled(bounds)
            ),
            Self::Normalised(bounds) => branch!(
                "geometry.fallback_does_not_round",
                scaled(bounds),
                scaled(bounds).map(|coordinate| python::round(coordinate, 2))
            ),
        }
    }
}
