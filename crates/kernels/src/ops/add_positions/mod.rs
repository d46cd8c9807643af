//! Learned row and column vectors that are added to visual tokens. They tell the language model the
//! places of the tokens.

mod cube;
pub(crate) mod twin;

use super::Image;
use crate::{Buffer, Device, Result};

/// Arguments of [`add_positions`].
#[derive(Clone, Copy, Debug)]
pub struct AddPositions<'a> {
    /// `[batch * h * w, channels]`; it is changed in place.
    pub x: &'a Buffer,
    /// `[h, channels]`.
    pub row: &'a Buffer,
    /// `[w, channels]`.
    pub col: &'a Buffer,
    /// The grid of tokens.
    pub grid: Image,
}

/// `x[b, r, c, :] += row[r, :] + col[c, :]`, in place.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn add_positions(device: &Device, args: AddPositions<'_>) -> Result<()> {
    const OP: &str = "add_positions";
    let AddPositions { x, row, col, grid } = args;
    x.expect(OP, "x", grid.shape())?;
    row.expect(OP, "row", [grid.height, grid.channels])?;
    col.expect(OP, "col", [grid.width, grid.channels])?;
    match device {
        Device::Cpu(_) => {
            let (row, col) = (row.cpu_read(OP)?, col.cpu_read(OP)?);
            twin::add_positions(x.cpu_write(OP)?.f32(), row.f32(), col.f32(), grid);
            Ok(())
        }
        Device::Gpu(gpu) => cube::add_positions(gpu, args),
    }
}
