//! Grids for kernels that give every thread one value, whatever their number.

use cubecl::prelude::*;

/// Threads of a cube in [`flat`].
pub(crate) const FLAT_THREADS: usize = 256;

/// Most cubes that WebGPU allows in one dimension.
const MAX_CUBES: usize = 65_535;

/// Enough cubes of [`FLAT_THREADS`] for `threads` threads; the kernel compares `ABSOLUTE_POS` with its own total.
pub(crate) fn flat(threads: usize) -> (CubeCount, CubeDim) {
    let cubes = threads.div_ceil(FLAT_THREADS).max(1);
    let rows = cubes.div_ceil(MAX_CUBES);
    let count = CubeCount::Static(cubes.div_ceil(rows) as u32, rows as u32, 1);
    (count, CubeDim::new_1d(FLAT_THREADS as u32))
}

/// The widest vector of floats, 4 or 1, that divides rows of `channels`.
pub(crate) fn vector_width(channels: usize) -> usize {
    if channels.is_multiple_of(4) { 4 } else { 1 }
}
