//! The patches of a strided convolution, which turn the convolution into a linear map.

mod cube;
pub(crate) mod twin;

use super::Image;
use crate::{Buffer, Device, KernelError, Result};

/// Which patches of a picture a convolution sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Side of a patch, px.
    pub side: usize,
    /// Distance from one patch to the next, px.
    pub stride: usize,
    /// Number of zeros around the picture, px on each side.
    pub pad: usize,
}

impl Patches {
    /// 3x3 with stride 2 and padding 1. It halves each side, rounded up.
    pub const HALVING: Self = Self {
        side: 3,
        stride: 2,
        pad: 1,
    };

    /// Patches that lie side by side. A rest at the right and at the bottom is left out.
    pub const fn tiles(side: usize) -> Self {
        Self {
            side,
            stride: side,
            pad: 0,
        }
    }

    /// Number of values per patch, padded with zeros to a multiple of 4, as int8 matrices are
    /// stored.
    pub fn width(self, channels: usize) -> usize {
        (self.side * self.side * channels).next_multiple_of(4)
    }

    /// Number of patches along a side of `len` px.
    pub fn along(self, len: usize) -> usize {
        let padded = len + 2 * self.pad;
        if padded < self.side {
            0
        } else {
            (padded - self.side) / self.stride + 1
        }
    }
}

/// Arguments of [`im2col`].
#[derive(Clone, Copy, Debug)]
pub struct Im2col<'a> {
    /// `[batch * h * w, channels]`.
    pub x: &'a Buffer,
    /// Sizes of `x`.
    pub image: Image,
    /// Which patches are taken.
    pub patches: Patches,
    /// `[batch * oh * ow, patches.width(channels)]` with `oh = along(h)`, `ow = along(w)`.
    pub dst: &'a Buffer,
}

/// `dst[b, oy, ox, (ky * side + kx) * channels + c] = x[b, stride * oy + ky - pad,
/// stride * ox + kx - pad, c]`, zero outside.
///
/// # Errors
/// [`KernelError`] if the side or the stride is 0, or if a buffer has another shape or is on
/// another device.
pub fn im2col(device: &Device, args: Im2col<'_>) -> Result<()> {
    const OP: &str = "im2col";
    let Im2col { x, image, patches, dst } = args;
    if patches.side == 0 || patches.stride == 0 {
        return Err(KernelError::Unsupported {
            op: OP,
            message: "side and stride of the patches must be at least 1 px".into(),
        });
    }
    x.expect(OP, "x", image.shape())?;
    let rows = image.batch * patches.along(image.height) * patches.along(image.width);
    dst.expect(OP, "dst", [rows, patches.width(image.channels)])?;
    // A picture smaller than a patch has none.
    if rows == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => {
            twin::im2col(x.cpu_read(OP)?.f32(), image, patches, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::im2col(gpu, args),
    }
}
