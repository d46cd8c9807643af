//! Boxes between the original picture, the padded square and crops of it.

/// A box by two corners, `x1 <= x2`, `y1 <= y2` where it is not empty. Its unit is its user's: px
/// of the original picture, or fractions (0..1) of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corners {
    /// Left.
    pub x1: f64,
    /// Top.
    pub y1: f64,
    /// Right.
    pub x2: f64,
    /// Bottom.
    pub y2: f64,
}

impl Corners {
    /// From left, top, right, bottom.
    pub fn new(x1: f64, y1: f64, x2: f64, y2: f64) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// The part inside `0..width` x `0..height`, `None` where nothing is left.
    pub fn clipped(self, width: f64, height: f64) -> Option<Self> {
        let clipped = Self {
            x1: self.x1.max(0.0),
            y1: self.y1.max(0.0),
            x2: self.x2.min(width),
            y2: self.y2.min(height),
        };
        (clipped.x1 < clipped.x2 && clipped.y1 < clipped.y2).then_some(clipped)
    }
}

/// What an encoder saw of a picture: which part of the original lies where on its canvas.
///
/// Fractions are of the canvas, so for `letterbox` they are fractions of the padded square whatever
/// size it was shrunk to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Size of the original picture, px.
    original: [f64; 2],
    /// Fractions per px, by axis.
    scale: [f64; 2],
    /// Fraction where the original's corner lies, by axis.
    offset: [f64; 2],
}

impl Frame {
    /// The centred square of side `max(width, height)` around a picture, offsets `floor((side - n)
    /// / 2)` px.
    pub fn padded_square(width: u32, height: u32) -> Self {
        let side = width.max(height);
        Self::placed(
            [width, height],
            [1.0; 2],
            [(side - width) / 2, (side - height) / 2].map(f64::from),
            [side; 2],
        )
    }

    /// A crop of the original: its corners in px become 0 and 1. `None` for an empty crop.
    pub fn crop(width: u32, height: u32, crop: Corners) -> Option<Self> {
        let (w, h) = (crop.x2 - crop.x1, crop.y2 - crop.y1);
        let usable = w > 0.0 && h > 0.0 && w.is_finite() && h.is_finite() && crop.x1.is_finite() && crop.y1.is_finite();
        usable.then(|| Self {
            original: [f64::from(width), f64::from(height)],
            scale: [1.0 / w, 1.0 / h],
            offset: [-crop.x1 / w, -crop.y1 / h],
        })
    }

    /// A picture scaled by `scale` (canvas px per px) with its corner at `corner` (canvas px) on a
    /// canvas of `canvas` px.
    pub(crate) fn placed(original: [u32; 2], scale: [f64; 2], corner: [f64; 2], canvas: [u32; 2]) -> Self {
        let canvas = canvas.map(|n| f64::from(n.max(1)));
        Self {
            original: original.map(f64::from),
            scale: [scale[0] / canvas[0], scale[1] / canvas[1]],
            offset: [corner[0] / canvas[0], corner[1] / canvas[1]],
        }
    }

    /// Px of the original picture into fractions of this frame. Not clipped: a crop may cut an
    /// object.
    pub fn to_fractions(&self, px: Corners) -> Corners {
        let x = |v: f64| v * self.scale[0] + self.offset[0];
        let y = |v: f64| v * self.scale[1] + self.offset[1];
        Corners::new(x(px.x1), y(px.y1), x(px.x2), y(px.y2))
    }

    /// Fractions of this frame into px of the original picture. Not clipped: a box may reach into
    /// the padding.
    pub fn to_px(&self, fractions: Corners) -> Corners {
        let x = |v: f64| (v - self.offset[0]) / self.scale[0];
        let y = |v: f64| (v - self.offset[1]) / self.scale[1];
        Corners::new(x(fractions.x1), y(fractions.y1), x(fractions.x2), y(fractions.y2))
    }

    /// As [`Frame::to_px`], cut to the picture; `None` for a box that lies in the padding only.
    pub fn to_px_inside(&self, fractions: Corners) -> Option<Corners> {
        self.to_px(fractions).clipped(self.original[0], self.original[1])
    }

    /// Fractions of this frame into fractions of another frame over the same picture.
    pub fn convert(&self, fractions: Corners, other: &Frame) -> Corners {
        other.to_fractions(self.to_px(fractions))
    }

    /// The original picture itself, in fractions of this frame (outside 0..1 where it was cropped).
    pub fn picture(&self) -> Corners {
        self.to_fractions(Corners::new(0.0, 0.0, self.original[0], self.original[1]))
    }
}
