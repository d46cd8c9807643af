//! The patches of a 3x3 convolution with stride 2 and padding 1, which turn the convolution into a
//! linear map.

mod cube;
pub(crate) mod twin;

use super::Image;
use crate::{Buffer, Device, Result};

/// Number of values per patch: 9 taps of `channels`, padded with zeros to a multiple of 4, as int8
/// matrices are stored.
pub fn im2col_width(channels: usize) -> usize {
    (9 * channels).next_multiple_of(4)
}

/// `dst[b, oy, ox, (ky * 3 + kx) * channels + c] = x[b, 2 oy + ky - 1, 2 ox + kx - 1, c]`, zero
/// outside, with `oh = ceil(h / 2)`, `ow = ceil(w / 2)`.
///
/// # Shapes
/// `x` `[batch, h, w, channels]`, `dst` `[batch, oh, ow, im2col_width(channels)]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn im2col(device: &Device, x: &Buffer, image: Image, dst: &Buffer) -> Result<()> {
    const OP: &str = "im2col";
    x.expect(OP, "x", image.len())?;
    let rows = image.batch * image.height.div_ceil(2) * image.width.div_ceil(2);
    dst.expect(OP, "dst", rows * im2col_width(image.channels))?;
    match device {
        Device::Cpu(_) => {
            twin::im2col(x.cpu_read(OP)?.f32(), image, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::im2col(gpu, x, image, dst),
    }
}
