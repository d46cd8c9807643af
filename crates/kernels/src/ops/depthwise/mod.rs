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
    /// Rows, px or tokens.
    pub height: usize,
    /// Columns, px or tokens.
    pub width: usize,
    /// Channels, fastest in memory.
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

    /// Pixels of one picture.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// Sizes of a [`depthwise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    /// What is convolved, and what comes out.
    pub image: Image,
    /// Side of the filters: 3, 5 or 7.
    pub side: usize,
    /// Whether `x * sigmoid(x)` follows.
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

    /// Number of taps of a filter.
    pub fn taps(&self) -> usize {
        self.side * self.side
    }

    /// Zeros around the picture, px on each side.
    fn pad(&self) -> usize {
        self.side / 2
    }
}

/// `dst = act(conv(x) + bias)`, stride 1, zeros around so that the size stays, one filter per channel, no bias unless given.
///
/// # Shapes
/// `x`, `dst` `[batch, h, w, channels]`; `weight` `[side * side, channels]` (tap `ky * side + kx` first, unlike the published
/// `[channels, 1, side, side]`); `bias` `[channels]`. `x` and `dst` are different buffers.
///
/// # Errors
/// A side other than 3, 5 or 7, a buffer of another length, or the device's failure.
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
    weight.expect(OP, "weight", sizes.taps() * image.channels)?;
    if let Some(bias) = bias {
        bias.expect(OP, "bias", image.channels)?;
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
