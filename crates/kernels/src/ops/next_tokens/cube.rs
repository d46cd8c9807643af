use cubecl::prelude::*;

use super::NextTokens;
use crate::Result;
use crate::device::Gpu;

const THREADS: usize = 256;

pub(super) fn next_tokens(gpu: &Gpu, args: NextTokens<'_>) -> Result<()> {
    const OP: &str = "next_tokens";
    // SAFETY: the caller checked all shapes; a position past the capacity is not written.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(args.m as u32, 1, 1),
            CubeDim::new_1d(THREADS as u32),
            args.logits.arg(OP)?,
            args.tokens.arg(OP)?,
            args.rows.arg(OP)?,
            args.history.arg(OP)?,
            args.margins.arg(OP)?,
            args.vocabulary,
            args.capacity,
            THREADS,
        );
    }
    Ok(())
}

/// One cube per row: every unit takes the best two of a stripe, then shared memory compares pairs
/// of candidates. Among equal values the lower index wins, as on the CPU.
#[cube(launch_unchecked)]
fn kernel(
    logits: &[f32],
    tokens: &mut [u32],
    rows: &mut [u32],
    history: &mut [u32],
    margins: &mut [f32],
    vocabulary: usize,
    capacity: usize,
    #[comptime] threads: usize,
) {
    let unit = UNIT_POS_X as usize;
    let row = CUBE_POS_X as usize;
    let mut values = Shared::<[f32]>::new_slice(threads);
    let mut seconds = Shared::<[f32]>::new_slice(threads);
    let mut indices = Shared::<[u32]>::new_slice(threads);
    // Smaller than any logit, but finite: WGSL does not define infinities.
    let lowest = f32::cast_from(-1.0e30f32);
    let mut value = 0.0f32;
    value += lowest;
    let mut second = 0.0f32;
    second += lowest;
    let mut best = usize::min(unit, vocabulary - 1);
    let mut at = unit;
    while at < vocabulary {
        let candidate = logits[row * vocabulary + at];
        if candidate > value {
            second = value;
            value = candidate;
            best = at;
        } else {
            second = f32::max(second, candidate);
        }
        at += threads;
    }
    values[unit] = value;
    seconds[unit] = second;
    indices[unit] = best as u32;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(threads.ilog2()) {
        let stride = comptime!(threads >> (step + 1));
        if unit < stride {
            let (a, b) = (values[unit], values[unit + stride]);
            let (i, j) = (indices[unit], indices[unit + stride]);
            let rest = f32::max(seconds[unit], seconds[unit + stride]);
            seconds[unit] = f32::max(rest, f32::min(a, b));
            if b > a || (b == a && j < i) {
                values[unit] = b;
                indices[unit] = j;
            }
        }
        sync_cube();
    }
    if unit == 0 {
        let at = rows[3 * row + 1] + 1;
        tokens[row] = indices[0];
        rows[3 * row + 1] = at;
        if (at as usize) < capacity {
            history[row * capacity + at as usize] = indices[0];
            margins[row * capacity + at as usize] = values[0] - seconds[0];
        }
    }
}
