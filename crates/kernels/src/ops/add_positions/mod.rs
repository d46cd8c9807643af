//! Learned row and column vectors that are added to visual tokens. They tell the language model the
//! places of the tokens.

mod cube;
pub(crate) mod twin;

use super::Image;
use crate::{Buffer, Device, Result};

/// `x[b, r, c, :] += row[r, :] + col[c, :]`, in place.
///
/// # Shapes
/// `x` `[batch, h, w, channels]`, `row` `[h, channels]`, `col` `[w, channels]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn add_positions(device: &Device, x: &Buffer, row: &Buffer, col: &Buffer, grid: Image) -> Result<()> {
    const OP: &str = "add_positions";
    x.expect(OP, "x", grid.len())?;
    row.expect_all(OP, "row", grid.height * grid.channels)?;
    col.expect_all(OP, "col", grid.width * grid.channels)?;
    match device {
        Device::Cpu(_) => {
            let (row, col) = (row.cpu_read(OP)?, col.cpu_read(OP)?);
            twin::add_positions(x.cpu_write(OP)?.f32(), row.f32(), col.f32(), grid);
            Ok(())
        }
        Device::Gpu(gpu) => cube::add_positions(gpu, x, row, col, grid),
    }
}
