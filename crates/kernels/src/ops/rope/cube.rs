use cubecl::prelude::*;

use super::Rope;
use crate::Result;
use crate::device::Gpu;
use crate::ops::Places;

const THREADS: usize = 64;

pub(super) fn rope_append(gpu: &Gpu, args: Rope<'_>) -> Result<()> {
    const OP: &str = "rope_append";
    let pairs = (args.heads + 2 * args.kv_heads) * args.head_dim / 2;
    // SAFETY: shapes were checked by the caller; rows past the cache's capacity are not written.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(pairs.div_ceil(THREADS) as u32, args.m as u32, 1),
            CubeDim::new_1d(THREADS as u32),
            args.qkv.arg(OP)?,
            args.keys.arg(OP)?,
            args.values.arg(OP)?,
            args.places.buffer().arg(OP)?,
            args.table.arg(OP)?,
            args.heads,
            args.kv_heads,
            args.head_dim,
            args.capacity,
            matches!(args.places, Places::Rows { .. }),
            THREADS,
        );
    }
    Ok(())
}

/// One unit per pair of one row: queries are rotated in place, keys rotated into the cache, values
/// copied into it.
#[cube(launch_unchecked)]
fn kernel(
    qkv: &mut [f32],
    keys: &mut [f32],
    values: &mut [f32],
    places: &[u32],
    table: &[f32],
    heads: usize,
    kv_heads: usize,
    dim: usize,
    capacity: usize,
    #[comptime] ragged: bool,
    #[comptime] threads: usize,
) {
    let row = CUBE_POS_Y as usize;
    let col = 2 * (CUBE_POS_X as usize * threads + UNIT_POS_X as usize);
    let mut position = 0usize;
    let mut base = 0usize;
    if comptime!(ragged) {
        position += places[3 * row + 1] as usize;
        base += places[3 * row] as usize * capacity;
    } else {
        position += places[0] as usize + row;
    }
    let (queries, kv) = (heads * dim, kv_heads * dim);
    if col >= queries + 2 * kv || position >= capacity {
        terminate!();
    }
    let from = row * (queries + 2 * kv) + col;
    let (a, b) = (qkv[from], qkv[from + 1]);
    if col >= queries + kv {
        let to = (base + position) * kv + col - queries - kv;
        values[to] = a;
        values[to + 1] = b;
    } else {
        let angle = position * dim + col % dim;
        let (cos, sin) = (table[angle], table[angle + 1]);
        let (x, y) = (a * cos - b * sin, a * sin + b * cos);
        if col < queries {
            qkv[from] = x;
            qkv[from + 1] = y;
        } else {
            let to = (base + position) * kv + col - queries;
            keys[to] = x;
            keys[to + 1] = y;
        }
    }
}
