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

/// Arguments of [`layer_norm`].
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// `[rows, width]`.
    pub x: &'a Buffer,
    /// `[width]`; its length is the width.
    pub weight: &'a Buffer,
    /// `[width]`.
    pub bias: &'a Buffer,
    /// Added to the variance.
    pub eps: f32,
    /// Number of rows.
    pub rows: usize,
    /// What is applied to every normalised value.
    pub activation: Activation,
    /// `[rows, width]`; another buffer than `x`.
    pub dst: &'a Buffer,
}

/// `dst[r, :] = activation((x[r, :] - mean) / sqrt(var + eps) * weight + bias)`, variance without
/// Bessel's correction.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn layer_norm(device: &Device, args: LayerNorm<'_>) -> Result<()> {
    const OP: &str = "layer_norm";
    let LayerNorm {
        x,
        weight,
        bias,
        eps,
        rows,
        activation,
        dst,
    } = args;
    let width = weight.len();
    weight.expect(OP, "weight", width)?;
    bias.expect(OP, "bias", width)?;
    x.expect(OP, "x", [rows, width])?;
    dst.expect(OP, "dst", [rows, width])?;
    match device {
        Device::Cpu(_) => {
            let (x, weight, bias) = (x.cpu_read(OP)?, weight.cpu_read(OP)?, bias.cpu_read(OP)?);
            let mut dst = dst.cpu_write(OP)?;
            cpu::layer_norm(x.f32(), weight.f32(), bias.f32(), eps, activation, dst.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::layer_norm(gpu, &args),
    }
}
