//! Depthwise convolution, with SiLU behind it if wanted: local mixing, one filter per channel.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result};

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

/// Sizes of a [`depthwise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    /// Sizes of the input and of the output.
    pub image: Image,
    /// Side of the filters: 3, 5 or 7.
    pub side: usize,
    /// Whether SiLU, `x * sigmoid(x)`, follows.
    pub silu: bool,
}

impl Depthwise {
    /// 3x3 filters followed by SiLU.
    pub fn silu3(image: Image) -> Self {
        Self {
            image,
            side: 3,
            silu: true,
        }
    }

    /// Number of taps per filter.
    pub fn taps(&self) -> usize {
        self.side * self.side
    }

    /// Number of zeros around the picture, px on each side.
    fn pad(&self) -> usize {
        self.side / 2
    }
}

/// `dst = act(conv(x) + bias)`, with stride 1, zero padding that keeps the size, one filter per
/// channel and an optional bias.
///
/// # Shapes
/// `x`, `dst` `[batch, h, w, channels]`; `weight` `[side * side, channels]` (tap `ky * side + kx`
/// first, unlike the published `[channels, 1, side, side]`); `bias` `[channels]`. `x` and `dst` are
/// different buffers.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if the side is not 3, 5 or 7, or a buffer is too short or on
/// another device.
pub fn depthwise(
    device: &Device,
    x: &Buffer,
    weight: &Buffer,
    bias: Option<&Buffer>,
    sizes: Depthwise,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "depthwise";
    if ![3, 5, 7].contains(&sizes.side) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("filters of side {}; 3, 5 and 7 are supported", sizes.side),
        });
    }
    let image = sizes.image;
    x.expect(OP, "x", image.len())?;
    dst.expect(OP, "dst", image.len())?;
    weight.expect_all(OP, "weight", sizes.taps() * image.channels)?;
    if let Some(bias) = bias {
        bias.expect_all(OP, "bias", image.channels)?;
    }
    match device {
        Device::Cpu(_) => {
            let (x, weight) = (x.cpu_read(OP)?, weight.cpu_read(OP)?);
            let bias = bias.map(|b| b.cpu_read(OP)).transpose()?;
            let bias = bias.as_ref().map(|b| b.f32());
            cpu::depthwise(x.f32(), weight.f32(), bias, sizes, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::depthwise(gpu, x, weight, bias, sizes, dst),
    }
}
