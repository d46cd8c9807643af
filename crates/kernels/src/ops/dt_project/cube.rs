use cubecl::prelude::*;

use super::{DIRECTIONS, DtProject};
use crate::device::Gpu;
use crate::ops::launch::{flat, vector_width};
use crate::{Buffer, Result};

/// Pixels that one thread makes where there is work enough, so that a weight is loaded once for all of them.
const PIXELS: usize = 4;

/// Threads that keep a large GPU busy; below, a thread makes one pixel.
const BUSY: usize = 1 << 18;

pub(super) fn dt_project(gpu: &Gpu, proj: &Buffer, weight: &Buffer, sizes: DtProject, dst: &Buffer) -> Result<()> {
    const OP: &str = "dt_project";
    let vector = vector_width(sizes.channels);
    let channels = sizes.channels / vector;
    let threads = |pixels: usize| sizes.pixels.div_ceil(pixels) * DIRECTIONS * channels;
    let pixels = if threads(PIXELS) >= BUSY { PIXELS } else { 1 };
    let (count, dim) = flat(threads(pixels));
    // SAFETY: lengths were checked by the caller, and the kernel writes only the first `pixels` rows.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            vector,
            proj.arg(OP)?,
            weight.arg(OP)?,
            dst.arg(OP)?,
            threads(pixels),
            sizes.pixels,
            channels,
            sizes.rank,
            sizes.rank + 2 * sizes.state,
            pixels,
            vector,
        );
    }
    Ok(())
}

/// One thread a vector of channels of one direction, for `group` neighbouring pixels.
#[cube(launch_unchecked)]
fn kernel<V: Size>(
    proj: &[f32],
    weight: &[f32],
    dst: &mut [Vector<f32, V>],
    total: usize,
    pixels: usize,
    channels: usize,
    rank: usize,
    stride: usize,
    #[comptime] group: usize,
    #[comptime] vector: usize,
) {
    let pos = ABSOLUTE_POS;
    if pos < total {
        // Row of the weights and of `dst`: direction, then channel.
        let kc = pos % (4 * channels);
        let k = kc / channels;
        let first = pos / (4 * channels) * group;
        let mut sums = Array::<Vector<f32, V>>::new(group);
        let mut from = Array::<usize>::new(group);
        #[unroll]
        for i in 0..group {
            sums[i] = Vector::new(0.0f32);
            // Rows past the end are computed from the last one and not written.
            from[i] = (min(first + i, pixels - 1) * 4 + k) * stride;
        }
        for r in 0..rank {
            let mut w = Vector::<f32, V>::new(0.0f32);
            #[unroll]
            for lane in 0..vector {
                w.insert(lane, weight[(kc * vector + lane) * rank + r]);
            }
            #[unroll]
            for i in 0..group {
                sums[i] = sums[i] + w * Vector::new(proj[from[i] + r]);
            }
        }
        #[unroll]
        for i in 0..group {
            if first + i < pixels {
                dst[(first + i) * 4 * channels + kc] = sums[i];
            }
        }
    }
}
