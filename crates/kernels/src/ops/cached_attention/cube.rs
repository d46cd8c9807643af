use cubecl::prelude::*;

use super::{CachedAttention, Places};
use crate::device::Gpu;
use crate::ops::lanes::{Vec4, cube_max, cube_sum, sum4};
use crate::{KernelError, Result};

/// Number of units in a cube, and of cache positions that it scores at a time, if there are many
/// cubes.
const THREADS: usize = 128;
/// The same for one row. Nine cubes must each keep more loads in flight.
const DECODE_THREADS: usize = 256;
/// Number of units that share one key. They read it together, 16 bytes each.
const LANES: usize = 4;

pub(super) fn cached_attention(gpu: &Gpu, args: CachedAttention<'_>) -> Result<()> {
    const OP: &str = "cached_attention";
    let quads = args.head_dim / 4;
    if !args.head_dim.is_multiple_of(4 * LANES) || !THREADS.is_multiple_of(quads) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!(
                "heads of width {}; 16, 32, 64, 128, 256 and 512 run on a GPU",
                args.head_dim
            ),
        });
    }
    let ragged = matches!(args.places, Places::Rows { .. });
    let threads = if args.m == 1 && !gpu.info().software {
        DECODE_THREADS
    } else {
        THREADS
    };
    // SAFETY: shapes were checked by the caller; cache positions are clamped to the capacity.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(args.heads as u32, args.m as u32, 1),
            CubeDim::new_1d(threads as u32),
            args.qkv.arg(OP)?,
            args.keys.arg(OP)?,
            args.values.arg(OP)?,
            args.places.buffer().arg(OP)?,
            args.dst.arg(OP)?,
            args.heads,
            args.kv_heads,
            args.capacity,
            args.places.prefix(),
            1.0 / (args.head_dim as f32).sqrt(),
            ragged,
            quads,
            threads,
            LANES,
        );
    }
    Ok(())
}

/// One cube per row and head. It takes `threads` positions at a time with a running maximum
/// (Milakov and Gimelshein 2018). So no score is stored outside the cube.
#[cube(launch_unchecked)]
fn kernel(
    qkv: &[Vec4],
    keys: &[Vec4],
    values: &[Vec4],
    places: &[u32],
    dst: &mut [Vec4],
    heads: usize,
    kv_heads: usize,
    capacity: usize,
    prefix: usize,
    scale: f32,
    #[comptime] ragged: bool,
    #[comptime] quads: usize,
    #[comptime] threads: usize,
    #[comptime] lanes: usize,
) {
    let unit = UNIT_POS_X as usize;
    let (head, row) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let mut query = Shared::<[Vec4]>::new_slice(quads);
    let mut length = Shared::<[u32]>::new_slice(1usize);
    let mut partial = Shared::<[f32]>::new_slice(threads * lanes);
    let mut weights = Shared::<[f32]>::new_slice(threads);
    let mut scratch = Shared::<[f32]>::new_slice(threads + 16);
    let mut sums = Shared::<[Vec4]>::new_slice(threads);
    if unit < quads {
        query[unit] = qkv[(row * (heads + 2 * kv_heads) + head) * quads + unit] * Vec4::new(scale);
    }
    let group = head / (heads / kv_heads);
    let seen = sequence(places, &mut length, row, group, kv_heads, capacity, prefix, ragged);
    let (quad, slice) = (unit % quads, unit / quads);
    // Smaller than any score, but finite: WGSL does not define infinities.
    let lowest = f32::cast_from(-1.0e30f32);
    let mut largest = 0.0f32;
    largest += lowest;
    let mut total = 0.0f32;
    let mut sum = Vec4::new(0.0f32);
    let mut from = 0;
    while from < seen.len {
        partial_scores(&query, keys, &mut partial, &seen, from, quads, threads, lanes);
        sync_cube();
        let mut score = 0.0f32;
        #[unroll]
        for j in 0..lanes {
            score += partial[unit * lanes + j];
        }
        let score = select(from + unit < seen.len, score, lowest);
        let highest = f32::max(largest, cube_max(score, &mut scratch, threads));
        let correction = (largest - highest).exp();
        let weight = select(from + unit < seen.len, (score - highest).exp(), 0.0f32);
        largest = highest;
        total = total * correction + weight;
        sum *= Vec4::new(correction);
        weights[unit] = weight;
        sync_cube();
        let end = usize::min(threads, seen.len - from);
        let mut at = slice;
        while at < end {
            sum += values[vector(&seen, from + at) * quads + quad] * Vec4::new(weights[at]);
            at += threads / quads;
        }
        from += threads;
    }
    sums[unit] = sum;
    // The barriers inside publish `sums`.
    let total = cube_sum(total, &mut scratch, threads);
    if unit < quads {
        let mut sum = sums[unit];
        #[unroll]
        for i in 1..threads / quads {
            sum += sums[i * quads + unit];
        }
        dst[(row * heads + head) * quads + unit] = sum / Vec4::new(total);
    }
}

/// What a row and head sees of the cache.
#[derive(CubeType, Clone, Copy)]
struct Sequence {
    /// Number of positions.
    len: usize,
    /// Where the sequence begins, and where its shared positions do.
    own: usize,
    shared: usize,
    /// Number of shared positions.
    prefix: usize,
    kv_heads: usize,
    /// Head of the keys and values.
    group: usize,
}

#[cube]
fn sequence(
    places: &[u32],
    length: &mut Shared<[u32]>,
    row: usize,
    group: usize,
    kv_heads: usize,
    capacity: usize,
    prefix: usize,
    #[comptime] ragged: bool,
) -> Sequence {
    if UNIT_POS_X == 0 {
        let last = if comptime!(ragged) {
            places[3 * row + 1]
        } else {
            places[0] + row as u32
        };
        length[0] = u32::min(last + 1, capacity as u32);
    }
    let mut own = 0usize;
    let mut shared = 0usize;
    if comptime!(ragged) {
        own += places[3 * row] as usize * capacity;
        shared += places[3 * row + 2] as usize * capacity;
    }
    Sequence {
        // The load is uniform, which allows barriers inside a loop over the positions.
        len: workgroup_uniform_load(&length[0]) as usize,
        own,
        shared,
        prefix,
        kv_heads,
        group,
    }
}

/// The vector of position `t`, among the vectors of all heads and positions.
#[cube]
fn vector(seen: &Sequence, t: usize) -> usize {
    let base = select(t < seen.prefix, seen.shared, seen.own);
    (base + t) * seen.kv_heads + seen.group
}

/// Scores of `threads` positions from `from` on, in as many parts as lanes share a key.
#[cube]
fn partial_scores(
    query: &Shared<[Vec4]>,
    keys: &[Vec4],
    partial: &mut Shared<[f32]>,
    seen: &Sequence,
    from: usize,
    #[comptime] quads: usize,
    #[comptime] threads: usize,
    #[comptime] lanes: usize,
) {
    let unit = UNIT_POS_X as usize;
    let (lane, slot) = (unit % lanes, unit / lanes);
    #[unroll]
    for pass in 0..lanes {
        let at = pass * (threads / lanes) + slot;
        let t = usize::min(from + at, seen.len - 1);
        let key = vector(seen, t) * quads;
        let mut score = Vec4::new(0.0f32);
        #[unroll]
        for j in 0..quads / lanes {
            score += query[j * lanes + lane] * keys[key + j * lanes + lane];
        }
        partial[at * lanes + lane] = sum4(score);
    }
}
