use cubecl::prelude::*;

use super::{Activation, LayerNorm};
use crate::Result;
use crate::device::Gpu;
use crate::ops::lanes::gelu as activate;

/// Number of threads in a cube. Several rows share them.
const THREADS: usize = 128;

/// Largest number of cubes that WebGPU allows in one dimension.
const MAX_CUBES: usize = 65_535;

pub(super) fn layer_norm(gpu: &Gpu, args: &LayerNorm<'_>) -> Result<()> {
    const OP: &str = "layer_norm";
    let LayerNorm {
        x,
        weight,
        bias,
        eps,
        rows,
        activation,
        dst,
    } = *args;
    let width = weight.len();
    // About 3 to 8 values per thread. That hides memory latency, and still gives small pictures
    // many threads.
    let lanes = match width {
        0..=256 => 32,
        257..=768 => 64,
        _ => THREADS,
    };
    let cubes = rows.div_ceil(THREADS / lanes).max(1);
    let lines = cubes.div_ceil(MAX_CUBES);
    // SAFETY: shapes were checked by the caller, and the kernel writes only the first `rows` rows.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(cubes.div_ceil(lines) as u32, lines as u32, 1),
            CubeDim::new_1d(THREADS as u32),
            x.arg(OP)?,
            weight.arg(OP)?,
            bias.arg(OP)?,
            dst.arg(OP)?,
            eps,
            rows,
            width,
            lanes,
            THREADS,
            activation == Activation::Gelu,
        );
    }
    Ok(())
}

/// `lanes` threads per row. They compute the mean first, then the variance around it, because a sum
/// of squares alone would cancel.
#[cube(launch_unchecked)]
fn kernel(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    dst: &mut [f32],
    eps: f32,
    rows: usize,
    width: usize,
    #[comptime] lanes: usize,
    #[comptime] threads: usize,
    #[comptime] gelu: bool,
) {
    let unit = UNIT_POS_X as usize;
    let lane = unit % lanes;
    let cube = CUBE_POS_Y as usize * CUBE_COUNT_X as usize + CUBE_POS_X as usize;
    let row = cube * comptime!(threads / lanes) + unit / lanes;
    // Threads past the last row repeat it without writing, because all must reach the barriers.
    let from = min(row, rows - 1) * width;
    let mut partial = Shared::<[f32]>::new_slice(threads);

    let mut sum = 0.0f32;
    let mut i = lane;
    while i < width {
        sum += x[from + i];
        i += lanes;
    }
    let mean = row_sum(&mut partial, sum, unit, lanes) / width as f32;

    let mut squares = 0.0f32;
    let mut i = lane;
    while i < width {
        let centred = x[from + i] - mean;
        squares += centred * centred;
        i += lanes;
    }
    let variance = row_sum(&mut partial, squares, unit, lanes) / width as f32;
    let scale = 1.0f32 / (variance + eps).sqrt();

    if row < rows {
        let mut i = lane;
        while i < width {
            let mut value = (x[from + i] - mean) * scale * weight[i] + bias[i];
            if comptime!(gelu) {
                value = activate(value);
            }
            dst[from + i] = value;
            i += lanes;
        }
    }
}

/// The sum of `value` over the `lanes` threads of a row, which each of them gets.
#[cube]
fn row_sum(partial: &mut Shared<[f32]>, value: f32, unit: usize, #[comptime] lanes: usize) -> f32 {
    partial[unit] = value;
    sync_cube();
    let first = unit / lanes * lanes;
    let mut total = 0.0f32;
    #[unroll]
    for j in 0..lanes {
        total += partial[first + j];
    }
    sync_cube();
    total
}
