//! Depthwise 3x3 convolution followed by SiLU: the local mixing of VMamba's SS2D.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// The shape of channels-last pictures or feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Number of pictures.
    pub batch: usize,
    /// Number of rows, in px or tokens.
    pub height: usize,
    /// Number of columns, in px or tokens.
    pub width: usize,
    /// Number of channels. They vary fastest in memory.
    pub channels: usize,
}

impl Image {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.batch * self.height * self.width * self.channels
    }

    /// True where any side is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pixels per picture.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// `dst = silu(conv3x3(x))`, with stride 1, zero padding 1, one filter per channel and an optional
/// bias.
///
/// # Shapes
/// `x`, `dst` `[batch, h, w, channels]`; `weight` `[9, channels]` (tap `ky * 3 + kx` first, unlike
/// the published `[channels, 1, 3, 3]`); `bias` `[channels]`. `x` and `dst` are different buffers.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn depthwise_silu(
    device: &Device,
    x: &Buffer,
    weight: &Buffer,
    bias: Option<&Buffer>,
    image: Image,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "depthwise_silu";
    x.expect(OP, "x", image.len())?;
    dst.expect(OP, "dst", image.len())?;
    weight.expect(OP, "weight", 9 * image.channels)?;
    if let Some(bias) = bias {
        bias.expect(OP, "bias", image.channels)?;
    }
    match device {
        Device::Cpu(_) => {
            let (x, weight) = (x.cpu_read(OP)?, weight.cpu_read(OP)?);
            let bias = bias.map(|b| b.cpu_read(OP)).transpose()?;
            let bias = bias.as_ref().map(|b| b.f32());
            cpu::depthwise_silu(x.f32(), weight.f32(), bias, image, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::depthwise_silu(gpu, x, weight, bias, image, dst),
    }
}
