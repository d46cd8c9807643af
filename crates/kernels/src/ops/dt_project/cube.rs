use cubecl::prelude::*;

use super::{DIRECTIONS, DtProject};
use crate::Result;
use crate::device::Gpu;

/// Number of threads that work on one pixel, with neighbouring channels.
const LANES: usize = 32;
/// Number of such groups of threads in a cube.
const GROUPS: usize = 8;
/// Number of pixels per thread.
const PIXELS: usize = 4;
/// Number of ranks whose weights are in shared memory at once: 8 KiB.
const RANKS: usize = 16;
/// Number of cubes per dimension that WebGPU guarantees.
const MAX_CUBES: usize = 65_535;

pub(super) fn dt_project(gpu: &Gpu, args: DtProject<'_>) -> Result<()> {
    const OP: &str = "dt_project";
    // Number of channels per thread: the largest among those that leave the fewest threads without
    // a channel.
    let tiles = |run: usize| args.channels.div_ceil(LANES * run);
    let run = (1..=4).min_by_key(|&run| (tiles(run) * run, 4 - run)).unwrap_or(1);
    let blocks = args.pixels.div_ceil(GROUPS * PIXELS).max(1);
    let layers = blocks.div_ceil(MAX_CUBES);
    let count = CubeCount::Static(
        (DIRECTIONS * tiles(run)) as u32,
        blocks.div_ceil(layers) as u32,
        layers as u32,
    );
    // SAFETY: shapes were checked by the caller; channels and pixels past the last are clamped
    // when read and not written.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            CubeDim::new_1d((LANES * GROUPS) as u32),
            args.proj.arg(OP)?,
            args.weight.arg(OP)?,
            args.dst.arg(OP)?,
            args.pixels,
            args.channels,
            args.rank,
            args.rank + 2 * args.state,
            run,
        );
    }
    Ok(())
}

/// Grid: direction and tile of channels, blocks of pixels. The weights are stored with the rank
/// fastest and are transposed in shared memory. So they and the result both move in whole lines.
#[cube(launch_unchecked)]
fn kernel(
    proj: &[f32],
    weight: &[f32],
    dst: &mut [f32],
    pixels: usize,
    channels: usize,
    rank: usize,
    stride: usize,
    #[comptime] run: usize,
) {
    let width = comptime!(LANES * run);
    // The one more puts neighbouring ranks into different banks.
    let pitch = comptime!(LANES * run + 1);
    let unit = UNIT_POS_X as usize;
    let lane = unit % LANES;
    let tiles = channels.div_ceil(width);
    let k = CUBE_POS_X as usize / tiles;
    let tile = CUBE_POS_X as usize % tiles * width;
    let block = CUBE_POS_Z as usize * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
    let first = (block * GROUPS + unit / LANES) * PIXELS;
    let mut sums = Array::<f32>::new(comptime!(PIXELS * run));
    let mut from = Array::<usize>::new(PIXELS);
    #[unroll]
    for i in 0..PIXELS {
        from[i] = (min(first + i, pixels - 1) * 4 + k) * stride;
        #[unroll]
        for j in 0..run {
            sums[comptime!(i * run + j)] = 0.0f32;
        }
    }
    let mut turned = Shared::<[f32]>::new_slice(comptime!(RANKS * (LANES * run + 1)));
    let mut start = 0usize;
    while start < rank {
        let count = min(rank - start, RANKS);
        let mut i = unit;
        while i < width * count {
            let (c, r) = (i / count, i % count);
            turned[r * pitch + c] = weight[(k * channels + min(tile + c, channels - 1)) * rank + start + r];
            i += comptime!(LANES * GROUPS);
        }
        sync_cube();
        for r in 0..count {
            #[unroll]
            for i in 0..PIXELS {
                let dt = proj[from[i] + start + r];
                #[unroll]
                for j in 0..run {
                    sums[comptime!(i * run + j)] += turned[r * pitch + comptime!(LANES * j) + lane] * dt;
                }
            }
        }
        sync_cube();
        start += RANKS;
    }
    #[unroll]
    for i in 0..PIXELS {
        #[unroll]
        for j in 0..run {
            let c = tile + comptime!(LANES * j) + lane;
            if first + i < pixels && c < channels {
                dst[((first + i) * 4 + k) * channels + c] = sums[comptime!(i * run + j)];
            }
        }
    }
}
