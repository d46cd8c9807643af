//! Depthwise convolution, with SiLU behind it if wanted: local mixing, one filter per channel.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result, Shape};

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

    /// `[batch * height * width, channels]`: one row per pixel.
    pub fn shape(&self) -> Shape {
        [self.batch * self.pixels(), self.channels].into()
    }

    /// True if any side is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pixels per picture.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// Arguments of [`depthwise`].
#[derive(Clone, Copy, Debug)]
pub struct Depthwise<'a> {
    /// `[batch * h * w, channels]`.
    pub x: &'a Buffer,
    /// `[side * side, channels]`: tap `ky * side + kx` first, unlike the published `[channels, 1,
    /// side, side]`.
    pub weight: &'a Buffer,
    /// `[channels]`.
    pub bias: Option<&'a Buffer>,
    /// Sizes of the input and of the output.
    pub image: Image,
    /// Side of the filters: 3, 5 or 7.
    pub side: usize,
    /// Whether SiLU, `x * sigmoid(x)`, follows.
    pub silu: bool,
    /// `[batch * h * w, channels]`; another buffer than `x`.
    pub dst: &'a Buffer,
}

impl Depthwise<'_> {
    /// Number of taps per filter.
    pub(crate) fn taps(&self) -> usize {
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
/// # Errors
/// [`KernelError`] if the side is not 3, 5 or 7, or if a buffer has another shape or is on another
/// device.
pub fn depthwise(device: &Device, args: Depthwise<'_>) -> Result<()> {
    const OP: &str = "depthwise";
    let Depthwise {
        x,
        weight,
        bias,
        image,
        side,
        dst,
        ..
    } = args;
    if ![3, 5, 7].contains(&side) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("filters of side {side}; 3, 5 and 7 are supported"),
        });
    }
    x.expect(OP, "x", image.shape())?;
    dst.expect(OP, "dst", image.shape())?;
    weight.expect(OP, "weight", [args.taps(), image.channels])?;
    if let Some(bias) = bias {
        bias.expect(OP, "bias", image.channels)?;
    }
    match device {
        Device::Cpu(_) => {
            let (x, weight) = (x.cpu_read(OP)?, weight.cpu_read(OP)?);
            let bias = bias.map(|b| b.cpu_read(OP)).transpose()?;
            let bias = bias.as_ref().map(|b| b.f32());
            cpu::depthwise(&args, x.f32(), weight.f32(), bias, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::depthwise(gpu, args),
    }
}
