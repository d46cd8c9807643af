//! Root-mean-square normalisation (Zhang and Sennrich 2019), as Llama uses it.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// Arguments of [`rms_norm`].
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm<'a> {
    /// `[rows, width]`.
    pub x: &'a Buffer,
    /// `[width]`; its length is the width.
    pub weight: &'a Buffer,
    /// Added to the mean square.
    pub eps: f32,
    /// Number of rows.
    pub rows: usize,
    /// `[rows, width]`; another buffer than `x`.
    pub dst: &'a Buffer,
}

/// `dst[m, :] = x[m, :] / sqrt(mean(x[m, :]^2) + eps) * weight`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn rms_norm(device: &Device, args: RmsNorm<'_>) -> Result<()> {
    const OP: &str = "rms_norm";
    let RmsNorm {
        x,
        weight,
        eps,
        rows,
        dst,
    } = args;
    let width = weight.len();
    weight.expect(OP, "weight", width)?;
    x.expect(OP, "x", [rows, width])?;
    dst.expect(OP, "dst", [rows, width])?;
    match device {
        Device::Cpu(_) => {
            let (x, weight) = (x.cpu_read(OP)?, weight.cpu_read(OP)?);
            twin::rms_norm(x.f32(), weight.f32(), eps, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::rms_norm(gpu, args),
    }
}
