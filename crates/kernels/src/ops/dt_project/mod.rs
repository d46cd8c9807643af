//! The low-rank up-projection of the scan's step sizes, all four directions at once.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use super::DIRECTIONS;
use crate::{Buffer, Device, Result};

/// Sizes of [`dt_project`].
#[derive(Clone, Copy, Debug)]
pub struct DtProject {
    /// Number of pixels in all pictures: batch x height x width.
    pub pixels: usize,
    /// Number of channels inside the scan (d_inner).
    pub channels: usize,
    /// Rank of the step sizes (dt_rank).
    pub rank: usize,
    /// State size N.
    pub state: usize,
}

impl DtProject {
    /// Number of values in the projection of one pixel: per direction `[dt (rank), B (state), C
    /// (state)]`.
    pub fn stride(&self) -> usize {
        DIRECTIONS * (self.rank + 2 * self.state)
    }
}

/// `dst[p, k, c] = sum_r weight[k, c, r] * proj[p, k * (rank + 2 state) + r]`.
///
/// # Shapes
/// `proj` `[pixels, 4 * (rank + 2 state)]`, `weight` `[4, channels, rank]`, `dst` `[pixels, 4,
/// channels]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn dt_project(device: &Device, proj: &Buffer, weight: &Buffer, sizes: DtProject, dst: &Buffer) -> Result<()> {
    const OP: &str = "dt_project";
    proj.expect(OP, "proj", sizes.pixels * sizes.stride())?;
    weight.expect_all(OP, "weight", DIRECTIONS * sizes.channels * sizes.rank)?;
    dst.expect(OP, "dst", sizes.pixels * DIRECTIONS * sizes.channels)?;
    match device {
        Device::Cpu(_) => {
            let (proj, weight) = (proj.cpu_read(OP)?, weight.cpu_read(OP)?);
            cpu::dt_project(proj.f32(), weight.f32(), sizes, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::dt_project(gpu, proj, weight, sizes, dst),
    }
}
