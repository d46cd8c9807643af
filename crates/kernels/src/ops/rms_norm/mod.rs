//! Root-mean-square normalisation (Zhang and Sennrich 2019), as Llama uses it.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// `dst[m, :] = x[m, :] / sqrt(mean(x[m, :]^2) + eps) * weight`.
///
/// # Shapes
/// `x`, `dst` `[rows, width]`; `weight` `[width]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn rms_norm(device: &Device, x: &Buffer, weight: &Buffer, eps: f32, rows: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "rms_norm";
    let width = weight.len();
    x.expect(OP, "x", rows * width)?;
    dst.expect(OP, "dst", rows * width)?;
    match device {
        Device::Cpu(_) => {
            let (x, weight) = (x.cpu_read(OP)?, weight.cpu_read(OP)?);
            twin::rms_norm(x.f32(), weight.f32(), eps, rows, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::rms_norm(gpu, x, weight, eps, rows, dst),
    }
}
