//! From a picture to what an encoder reads: one policy of the manifest, then normalisation.
//!
//! Policies by the names of the paper's release, which padding and rounding follow too
//! (<https://github.com/raykuo18/vlm-ssm-vision-encoders>, commit 97852ce, the backbones' image
//! transforms).

use sightline_checkpoint::manifest;
use thiserror::Error;

use crate::frame::Frame;
use crate::picture::Picture;
use crate::resample::{Filter, Padded, Window, resize_window};

/// Longest side of a canvas, px.
pub const MAX_CANVAS: u32 = 2048;

/// How a picture of any shape gets onto the canvas, by its name in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Pad to a centred square, resize to `size`. The shipped models; the paper's classification
    /// encoders.
    Letterbox,
    /// Shrink to fit `size` (never enlarge), pad right and below. The paper's detection,
    /// segmentation, ViTDet and ViT-Adapter letterbox, and its `letterbox-square-N`.
    LetterboxCorner,
    /// Squash to `size`.
    ResizeNaive,
    /// Resize until `size` is just covered, cut out the centre.
    ResizeCrop,
    /// As [`Policy::ResizeCrop`] with a margin: short side 256 for a crop of 224.
    /// `vmamba-classification`.
    CropWithMargin,
    /// Shrink under `size`, taken as the longest and the shortest side (never enlarge), pad right
    /// and below to multiples of 32. The canvas follows the picture's shape. `vmamba-detection` has
    /// (800, 1333), `vmamba-segmentation` (512, 2048).
    ShrinkUnder,
}

impl Policy {
    /// Every policy by its name in a manifest.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("letterbox", Self::Letterbox),
        ("letterbox-corner", Self::LetterboxCorner),
        ("resize-naive", Self::ResizeNaive),
        ("resize-crop", Self::ResizeCrop),
        ("vmamba-classification", Self::CropWithMargin),
        ("vmamba-detection", Self::ShrinkUnder),
        ("vmamba-segmentation", Self::ShrinkUnder),
    ];

    /// The policy of that name.
    ///
    /// # Errors
    /// [`TransformError`] lists the known names.
    pub fn from_name(name: &str) -> Result<Self, TransformError> {
        let known = || Self::NAMES.map(|(name, _)| name).join(", ");
        match Self::NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, policy)) => Ok(*policy),
            None => Err(TransformError {
                field: "policy",
                message: format!("`{name}` is unknown; known are {}", known()),
            }),
        }
    }
}

/// A row's `transform` in the manifest.
///
/// ```
/// use sightline_vision::{Filter, Picture, Policy, Transform};
///
/// let transform = Transform {
///     policy: Policy::Letterbox,
///     size: [4, 4],
///     pad: [127; 3],
///     filter: Filter::Bicubic,
///     mean: [0.5; 3],
///     std: [0.5; 3],
/// };
/// // A white picture, twice as wide as high: the canvas has grey above and below it.
/// let picture = Picture::from_rgb(4, 2, vec![255; 4 * 2 * 3])?;
/// let input = transform.apply(&picture)?;
/// assert_eq!((input.height, input.width), (4, 4));
/// assert!(input.values[0] < 0.0 && input.values[4 * 3] == 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    /// How the picture gets onto the canvas.
    pub policy: Policy,
    /// Canvas `[height, width]` in px, at most [`MAX_CANVAS`] each (for [`Policy::ShrinkUnder`] its
    /// bounds).
    pub size: [u32; 2],
    /// RGB bytes of the padding, and the ground under transparent pixels.
    pub pad: [u8; 3],
    /// Resampling kernel.
    pub filter: Filter,
    /// RGB mean in 0..1 units.
    pub mean: [f64; 3],
    /// RGB standard deviation in 0..1 units.
    pub std: [f64; 3],
}

/// A field of a manifest's `transform` that cannot work.
#[derive(Debug, Error, PartialEq)]
#[error("transform.{field} of the manifest: {message}")]
pub struct TransformError {
    /// The field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

/// What an encoder is given, and where things are on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Normalised RGB, `[height, width, 3]`.
    pub values: Vec<f32>,
    /// Height in px.
    pub height: usize,
    /// Width in px.
    pub width: usize,
    /// Original px to canvas fractions and back.
    pub frame: Frame,
}

/// The bytes on the canvas before normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    /// RGB bytes, `[height, width, 3]`.
    pub pixels: Vec<u8>,
    /// Height in px.
    pub height: usize,
    /// Width in px.
    pub width: usize,
    /// Original px to canvas fractions and back.
    pub frame: Frame,
}

impl Transform {
    /// A row's `transform`, checked.
    ///
    /// # Errors
    /// [`TransformError`] names the field and what would be right.
    pub fn read(row: &manifest::Transform) -> Result<Self, TransformError> {
        let transform = Self {
            policy: Policy::from_name(&row.policy)?,
            // what does not fit is refused by `check`
            size: row.size.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            pad: row.pad,
            filter: match row.filter {
                manifest::Filter::Bicubic => Filter::Bicubic,
                manifest::Filter::Bilinear => Filter::Bilinear,
            },
            mean: row.mean,
            std: row.std,
        };
        transform.check()?;
        Ok(transform)
    }

    /// Whether every picture gets a canvas of the same size.
    pub fn is_fixed(&self) -> bool {
        self.policy != Policy::ShrinkUnder
    }

    /// Refuses fields that cannot work. [`Transform::apply`] does it too; a manifest is better
    /// refused when it is read.
    ///
    /// # Errors
    /// [`TransformError`] names the field and the limit.
    pub fn check(&self) -> Result<(), TransformError> {
        let [height, width] = self.size;
        if !(1..=MAX_CANVAS).contains(&height) || !(1..=MAX_CANVAS).contains(&width) {
            return Err(TransformError {
                field: "size",
                message: format!("{height} x {width} px; each side must be 1 to {MAX_CANVAS} px"),
            });
        }
        if self.mean.iter().any(|v| !v.is_finite()) {
            return Err(TransformError {
                field: "mean",
                message: "every value must be finite".into(),
            });
        }
        if self.std.iter().any(|v| !v.is_finite() || *v <= 1e-6) {
            return Err(TransformError {
                field: "std",
                message: "every value must be finite and above 1e-6".into(),
            });
        }
        Ok(())
    }

    /// Puts a picture on the canvas and normalises it.
    ///
    /// # Errors
    /// As [`Transform::check`].
    pub fn apply(&self, picture: &Picture) -> Result<Input, TransformError> {
        let canvas = self.canvas(picture)?;
        Ok(Input {
            values: self.normalise(&canvas.pixels),
            height: canvas.height,
            width: canvas.width,
            frame: canvas.frame,
        })
    }

    /// Puts a picture on the canvas: what the encoder sees, as bytes.
    ///
    /// # Errors
    /// As [`Transform::check`].
    pub fn canvas(&self, picture: &Picture) -> Result<Canvas, TransformError> {
        self.check()?;
        let placed = self.place(picture.width(), picture.height());
        let source = Padded {
            picture,
            width: placed.frame[0] as usize,
            height: placed.frame[1] as usize,
            left: placed.corner[0] as usize,
            top: placed.corner[1] as usize,
            pad: self.pad,
        };
        let [width, height] = placed.canvas.map(|n| n as usize);
        let window = Window {
            left: placed.cut[0] as usize,
            top: placed.cut[1] as usize,
            width: width.min(placed.resized[0] as usize),
            height: height.min(placed.resized[1] as usize),
        };
        let seen = resize_window(
            &source,
            placed.resized[0] as usize,
            placed.resized[1] as usize,
            window,
            self.filter,
        );
        Ok(Canvas {
            pixels: self.padded_below(seen, window, width, height),
            height,
            width,
            frame: placed.boxes([picture.width(), picture.height()]),
        })
    }

    /// `(byte / 255 - mean) / std`, `[pixels, 3]`, in f64 and rounded once.
    pub fn normalise(&self, pixels: &[u8]) -> Vec<f32> {
        let table: Vec<[f32; 256]> = (0..3)
            .map(|c| std::array::from_fn(|byte| ((byte as f64 / 255.0 - self.mean[c]) / self.std[c]) as f32))
            .collect();
        let pixel = |p: &[u8]| {
            [
                table[0][usize::from(p[0])],
                table[1][usize::from(p[1])],
                table[2][usize::from(p[2])],
            ]
        };
        pixels.chunks_exact(3).flat_map(pixel).collect()
    }

    /// The canvas with `seen` in its upper left corner.
    fn padded_below(&self, seen: Vec<u8>, window: Window, width: usize, height: usize) -> Vec<u8> {
        if (window.width, window.height) == (width, height) {
            return seen;
        }
        let mut out: Vec<u8> = self.pad.iter().copied().cycle().take(width * height * 3).collect();
        for (to, from) in out.chunks_exact_mut(width * 3).zip(seen.chunks_exact(window.width * 3)) {
            to[..from.len()].copy_from_slice(from);
        }
        out
    }

    fn place(&self, width: u32, height: u32) -> Placement {
        let [rows, columns] = self.size;
        let plain = Placement {
            frame: [width, height],
            corner: [0, 0],
            resized: [columns, rows],
            cut: [0, 0],
            canvas: [columns, rows],
        };
        let shrunk = |fit: f64| {
            let scale = fit.min(1.0);
            [width, height].map(|n| ((f64::from(n) * scale).round_ties_even() as u32).max(1))
        };
        match self.policy {
            Policy::Letterbox => {
                let side = width.max(height);
                Placement {
                    frame: [side; 2],
                    corner: [(side - width) / 2, (side - height) / 2],
                    ..plain
                }
            }
            Policy::ResizeNaive => plain,
            Policy::LetterboxCorner => {
                let fit = (f64::from(columns) / f64::from(width)).min(f64::from(rows) / f64::from(height));
                let [w, h] = shrunk(fit);
                Placement {
                    resized: [w.min(columns), h.min(rows)],
                    ..plain
                }
            }
            Policy::ResizeCrop => plain.cropped(width, height, [columns, rows]),
            Policy::CropWithMargin => plain.cropped(width, height, [columns, rows].map(|n| n * 8 / 7)),
            Policy::ShrinkUnder => {
                let (long, short) = (rows.max(columns), rows.min(columns));
                let fit = (f64::from(long) / f64::from(width.max(height)))
                    .min(f64::from(short) / f64::from(width.min(height)));
                let resized = shrunk(fit);
                Placement {
                    resized,
                    canvas: resized.map(|n| n.next_multiple_of(32)),
                    ..plain
                }
            }
        }
    }
}

/// Geometry of one picture under one policy, `[x, y]`: original -> `frame` with the picture at
/// `corner` -> resized to `resized` -> cut at `cut` -> upper left corner of `canvas`.
struct Placement {
    frame: [u32; 2],
    corner: [u32; 2],
    resized: [u32; 2],
    cut: [u32; 2],
    canvas: [u32; 2],
}

impl Placement {
    /// Resized so that `cover` is just covered, as torchvision's `Resize` of the short side (the
    /// other is cut to an integer), and the centre taken as its `CenterCrop` (halves rounded to
    /// even).
    fn cropped(self, width: u32, height: u32, cover: [u32; 2]) -> Self {
        let [columns, rows] = cover.map(u64::from);
        let (w, h) = (u64::from(width), u64::from(height));
        // The axis that has to grow more, or shrink less, gets exactly its length.
        let resized = if columns * h >= rows * w {
            [columns, (columns * h / w).max(rows)]
        } else {
            [(rows * w / h).max(columns), rows]
        };
        let resized = resized.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let middle = |n: u32, crop: u32| (f64::from(n.saturating_sub(crop)) / 2.0).round_ties_even() as u32;
        Self {
            resized,
            cut: [middle(resized[0], self.canvas[0]), middle(resized[1], self.canvas[1])],
            ..self
        }
    }

    fn boxes(&self, original: [u32; 2]) -> Frame {
        let scale = [0, 1].map(|i| f64::from(self.resized[i]) / f64::from(self.frame[i]));
        let corner = [0, 1].map(|i| f64::from(self.corner[i]) * scale[i] - f64::from(self.cut[i]));
        Frame::placed(original, scale, corner, self.canvas)
    }
}
