use cubecl::prelude::*;

use super::NextToken;
use crate::Result;
use crate::device::Gpu;

const THREADS: usize = 256;
/// Number of vectors of logits that a unit requests before it reads the first. One cube must hide
/// the latency of memory alone.
const AHEAD: usize = 4;

pub(super) fn next_token(gpu: &Gpu, args: NextToken<'_>) -> Result<()> {
    const OP: &str = "next_token";
    let vocabulary = args.vocabulary;
    let width = if vocabulary.is_multiple_of(4) { 4 } else { 1 };
    // SAFETY: the caller checked all shapes; `history` is written only within its capacity.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(THREADS as u32),
            width,
            args.logits.arg(OP)?,
            args.token.arg(OP)?,
            args.position.arg(OP)?,
            args.history.arg(OP)?,
            vocabulary / width,
            args.capacity as u32,
            THREADS,
            AHEAD,
            width,
        );
    }
    Ok(())
}

/// One cube: every unit takes the best of a stripe, then shared memory compares pairs of
/// candidates. Among equal values the lower index wins, as on the CPU.
#[cube(launch_unchecked)]
fn kernel<N: Size>(
    logits: &[Vector<f32, N>],
    token: &mut [u32],
    position: &mut [u32],
    history: &mut [u32],
    vectors: usize,
    capacity: u32,
    #[comptime] threads: usize,
    #[comptime] ahead: usize,
    #[comptime] width: usize,
) {
    let unit = UNIT_POS_X as usize;
    let mut values = Shared::<[f32]>::new_slice(threads);
    let mut indices = Shared::<[u32]>::new_slice(threads);
    // Reads past the end repeat the last vector, which never beats itself.
    let mut best = usize::min(unit, vectors - 1) * width;
    let mut value = logits[usize::min(unit, vectors - 1)].extract(0usize);
    let mut from = unit;
    while from < vectors {
        let mut seen = Array::<Vector<f32, N>>::new(ahead);
        #[unroll]
        for i in 0..ahead {
            seen[i] = logits[usize::min(from + i * threads, vectors - 1)];
        }
        #[unroll]
        for i in 0..ahead {
            let at = usize::min(from + i * threads, vectors - 1) * width;
            #[unroll]
            for j in 0..width {
                let candidate = seen[i].extract(j);
                if candidate > value {
                    value = candidate;
                    best = at + j;
                }
            }
        }
        from += comptime!(threads * ahead);
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
