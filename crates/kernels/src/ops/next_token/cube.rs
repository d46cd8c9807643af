use cubecl::prelude::*;

use crate::device::Gpu;
use crate::{Buffer, Result};

const THREADS: usize = 256;

pub(super) fn next_token(
    gpu: &Gpu,
    logits: &Buffer,
    vocabulary: usize,
    token: &Buffer,
    position: &Buffer,
    history: &Buffer,
) -> Result<()> {
    const OP: &str = "next_token";
    // SAFETY: the caller checked `logits`, `token` and `position`; `history` is written only within its length.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(THREADS as u32),
            logits.arg(OP)?,
            token.arg(OP)?,
            position.arg(OP)?,
            history.arg(OP)?,
            vocabulary,
            history.len() as u32,
            THREADS,
        );
    }
    Ok(())
}

/// One cube: every unit takes the best of a stripe, then pairs of candidates meet in shared memory. Equal values go to the
/// lower index, as on the host.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
fn kernel(
    logits: &[f32],
    token: &mut [u32],
    position: &mut [u32],
    history: &mut [u32],
    vocabulary: usize,
    capacity: u32,
    #[comptime] threads: usize,
) {
    let unit = UNIT_POS_X as usize;
    let mut values = Shared::<[f32]>::new_slice(threads);
    let mut indices = Shared::<[u32]>::new_slice(threads);
    // A stripe past the end repeats value 0, which never beats itself.
    let mut best = select(unit < vocabulary, unit, 0);
    let mut value = logits[best];
    let mut i = unit + threads;
    while i < vocabulary {
        let candidate = logits[i];
        if candidate > value {
            value = candidate;
            best = i;
        }
        i += threads;
    }
    values[unit] = value;
    indices[unit] = best as u32;
    sync_cube();
    #[unroll]
    for step in 0..comptime!(threads.ilog2()) {
        let stride = comptime!(threads >> (step + 1));
        if unit < stride {
            let (a, b) = (values[unit], values[unit + stride]);
            let (i, j) = (indices[unit], indices[unit + stride]);
            if b > a || (b == a && j < i) {
                values[unit] = b;
                indices[unit] = j;
            }
        }
        sync_cube();
    }
    if unit == 0 {
        let at = position[0] + 1;
        token[0] = indices[0];
        position[0] = at;
        if at < capacity {
            history[at as usize] = indices[0];
        }
    }
}
