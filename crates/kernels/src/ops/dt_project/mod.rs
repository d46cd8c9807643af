//! The low-rank up-projection of the scan's step sizes, all four directions at once.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use super::DIRECTIONS;
use crate::{Buffer, Device, Result};

/// Arguments of [`dt_project`].
#[derive(Clone, Copy, Debug)]
pub struct DtProject<'a> {
    /// `[pixels, 4 * (rank + 2 state)]`: per direction `[dt (rank), B (state), C (state)]`.
    pub proj: &'a Buffer,
    /// `[4, channels, rank]`.
    pub weight: &'a Buffer,
    /// Number of pixels in all pictures: batch x height x width.
    pub pixels: usize,
    /// Number of channels inside the scan (d_inner).
    pub channels: usize,
    /// Rank of the step sizes (dt_rank).
    pub rank: usize,
    /// State size N.
    pub state: usize,
    /// `[pixels, 4 * channels]`.
    pub dst: &'a Buffer,
}

impl DtProject<'_> {
    /// Number of values in the projection of one pixel.
    fn stride(&self) -> usize {
        DIRECTIONS * (self.rank + 2 * self.state)
    }
}

/// `dst[p, k, c] = sum_r weight[k, c, r] * proj[p, k * (rank + 2 state) + r]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn dt_project(device: &Device, args: DtProject<'_>) -> Result<()> {
    const OP: &str = "dt_project";
    let DtProject {
        proj,
        weight,
        pixels,
        channels,
        rank,
        dst,
        ..
    } = args;
    proj.expect(OP, "proj", [pixels, args.stride()])?;
    weight.expect(OP, "weight", [DIRECTIONS, channels, rank])?;
    dst.expect(OP, "dst", [pixels, DIRECTIONS * channels])?;
    match device {
        Device::Cpu(_) => {
            let (proj, weight) = (proj.cpu_read(OP)?, weight.cpu_read(OP)?);
            cpu::dt_project(&args, proj.f32(), weight.f32(), dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::dt_project(gpu, args),
    }
}
