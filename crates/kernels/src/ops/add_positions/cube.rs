use cubecl::prelude::*;

use super::AddPositions;
use crate::Result;
use crate::device::Gpu;
use crate::ops::lanes::{elementwise, vector_width};

pub(super) fn add_positions(gpu: &Gpu, args: AddPositions<'_>) -> Result<()> {
    const OP: &str = "add_positions";
    let AddPositions { x, row, col, grid } = args;
    let vector = vector_width(grid.channels);
    let total = grid.len() / vector;
    let (count, dim) = elementwise(total);
    // SAFETY: shapes were checked by the caller, and the kernel stays below `total`.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            vector,
            x.arg(OP)?,
            row.arg(OP)?,
            col.arg(OP)?,
            total,
            grid.height,
            grid.width,
            grid.channels / vector,
        );
    }
    Ok(())
}

/// One thread per vector of channels.
#[cube(launch_unchecked)]
fn kernel<V: Size>(
    x: &mut [Vector<f32, V>],
    row: &[Vector<f32, V>],
    col: &[Vector<f32, V>],
    total: usize,
    height: usize,
    width: usize,
    channels: usize,
) {
    let pos = ABSOLUTE_POS;
    if pos < total {
        let c = pos % channels;
        let pixel = pos / channels;
        let (r, k) = (pixel / width % height, pixel % width);
        x[pos] += row[r * channels + c] + col[k * channels + c];
    }
}
