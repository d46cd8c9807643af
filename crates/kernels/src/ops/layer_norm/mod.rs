//! Layer normalisation over the channels of channels-last data, with the activation that follows it
//! in the stem of an encoder.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// What is applied to every normalised value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// Exact GELU (with erf).
    Gelu,
}

/// `dst[r, :] = activation((x[r, :] - mean) / sqrt(var + eps) * weight + bias)`, variance without
/// Bessel's correction.
///
/// # Shapes
/// `x`, `dst` `[rows, width]`; `weight`, `bias` `[width]`. `x` and `dst` are different buffers.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn layer_norm(
    device: &Device,
    x: &Buffer,
    weight: &Buffer,
    bias: &Buffer,
    eps: f32,
    rows: usize,
    activation: Activation,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "layer_norm";
    let width = weight.len();
    bias.expect(OP, "bias", width)?;
    x.expect(OP, "x", rows * width)?;
    dst.expect(OP, "dst", rows * width)?;
    match device {
        Device::Cpu(_) => {
            let (x, weight, bias) = (x.cpu_read(OP)?, weight.cpu_read(OP)?, bias.cpu_read(OP)?);
            let mut dst = dst.cpu_write(OP)?;
            let dst = &mut dst.f32()[..rows * width];
            cpu::layer_norm(x.f32(), weight.f32(), bias.f32(), eps, activation, dst);
            Ok(())
        }
        Device::Gpu(gpu) => cube::layer_norm(gpu, x, weight, bias, eps, rows, activation, dst),
    }
}
