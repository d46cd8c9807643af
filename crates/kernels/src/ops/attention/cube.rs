use cubecl::prelude::*;

use super::Attention;
use crate::device::Gpu;
use crate::{Buffer, KernelError, Result};

/// Threads of a cube.
const THREADS: usize = 128;

/// Vectors of four floats in a tile of keys (and as many of values): 4 KiB each.
const TILE: usize = 256;

/// Queries that keep a large GPU busy with one thread each; below, several threads share a query's keys.
const BUSY: usize = 1 << 17;

/// A score that no key reaches. Infinity is avoided: WGSL does not define it.
const LOWEST: f32 = -1e30;

pub(super) fn attention(gpu: &Gpu, qkv: &Buffer, sizes: Attention, dst: &Buffer) -> Result<()> {
    const OP: &str = "attention";
    let head = sizes.head_dim;
    if !head.is_multiple_of(8) || !(8..=128).contains(&head) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("head width {head} is not a multiple of 8 from 8 to 128"),
        });
    }
    let queries = sizes.batch * sizes.heads * sizes.tokens;
    let shares = match queries {
        BUSY.. => 1,
        n if n * 4 >= BUSY => 4,
        _ => 8,
    };
    let tiles = sizes.tokens.div_ceil(THREADS / shares);
    // SAFETY: lengths were checked by the caller; tokens past the last are clamped when read and not written.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(tiles as u32, sizes.heads as u32, sizes.batch as u32),
            CubeDim::new_1d(THREADS as u32),
            qkv.arg(OP)?,
            dst.arg(OP)?,
            sizes.tokens,
            sizes.heads,
            1.0 / (head as f32).sqrt(),
            head / 4,
            // A multiple of 8, so that it divides among the shares.
            TILE / (head / 4) / 8 * 8,
            shares,
        );
    }
    Ok(())
}

/// Grid: tiles of queries, heads, pictures. A query belongs to `shares` threads, each with its own part of every tile of keys,
/// its own running maximum and sums (Milakov and Gimelshein 2018; Dao et al. 2022), merged at the end.
#[cube(launch_unchecked)]
fn kernel(
    qkv: &[Vector<f32, Const<4>>],
    dst: &mut [Vector<f32, Const<4>>],
    tokens: usize,
    heads: usize,
    scale: f32,
    #[comptime] head: usize,
    #[comptime] keys: usize,
    #[comptime] shares: usize,
) {
    let queries = comptime!(THREADS / shares);
    let unit = UNIT_POS_X as usize;
    let share = unit / queries;
    let lane = unit % queries;
    let token = CUBE_POS_X as usize * queries + lane;
    let width = heads * head;
    // Vectors of a picture, and of this head inside a token.
    let picture = CUBE_POS_Z as usize * tokens;
    let inside = CUBE_POS_Y as usize * head;

    let mut q = Array::<Vector<f32, Const<4>>>::new(head);
    let mut sums = Array::<Vector<f32, Const<4>>>::new(head);
    let from = (picture + min(token, tokens - 1)) * 3 * width + inside;
    #[unroll]
    for i in 0..head {
        q[i] = qkv[from + i] * Vector::new(scale);
        sums[i] = Vector::new(0.0f32);
    }
    // Highest score so far, and the sum of the weights relative to it.
    let mut stats = Array::<f32>::new(2usize);
    stats[0] = LOWEST;
    stats[1] = 0.0f32;

    // Keys, then values of one tile; at the end the sums that are merged.
    let mut tile = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(2 * TILE));
    let tiles = tokens.div_ceil(keys);
    for t in 0..tiles {
        let first = t * keys;
        let mut i = unit;
        while i < comptime!(keys * head) {
            // Keys past the last token are read from it and get no weight.
            let row = (picture + min(first + i / head, tokens - 1)) * 3 * width + inside + i % head;
            tile[i] = qkv[row + width];
            tile[TILE + i] = qkv[row + 2 * width];
            i += THREADS;
        }
        sync_cube();
        attend(
            &q,
            &mut sums,
            &mut stats,
            &tile,
            share,
            tokens - first,
            head,
            keys,
            shares,
        );
        sync_cube();
    }
    if comptime!(shares > 1) {
        merge(&mut sums, &mut stats, &mut tile, share, lane, head, queries, shares);
    }
    if share == 0 && token < tokens {
        let to = (picture + token) * width + inside;
        let inverse = 1.0f32 / stats[1];
        #[unroll]
        for i in 0..head {
            dst[to + i] = sums[i] * Vector::new(inverse);
        }
    }
}

/// One thread's part of a tile: the scores of a few keys at once, so that the sums are rescaled once for all of them.
#[cube]
#[allow(clippy::too_many_arguments)]
fn attend(
    q: &Array<Vector<f32, Const<4>>>,
    sums: &mut Array<Vector<f32, Const<4>>>,
    stats: &mut Array<f32>,
    tile: &Shared<[Vector<f32, Const<4>>]>,
    share: usize,
    left: usize,
    #[comptime] head: usize,
    #[comptime] keys: usize,
    #[comptime] shares: usize,
) {
    let part = comptime!(keys / shares);
    let group = comptime!(if part.is_multiple_of(4) {
        4
    } else if part.is_multiple_of(2) {
        2
    } else {
        1
    });
    let mut scores = Array::<f32>::new(group);
    for g in 0..comptime!(part / group) {
        let top = stats[0];
        let mut highest = top;
        #[unroll]
        for i in 0..group {
            let key = share * part + g * group + i;
            let mut products = Vector::<f32, Const<4>>::new(0.0f32);
            #[unroll]
            for c in 0..head {
                products = products + q[c] * tile[key * head + c];
            }
            let score = products.extract(0usize)
                + products.extract(1usize)
                + products.extract(2usize)
                + products.extract(3usize);
            scores[i] = select(key < left, score, LOWEST);
            highest = max(highest, scores[i]);
        }
        let shrink = (top - highest).exp();
        let mut total = stats[1] * shrink;
        #[unroll]
        for c in 0..head {
            sums[c] = sums[c] * Vector::new(shrink);
        }
        #[unroll]
        for i in 0..group {
            let key = share * part + g * group + i;
            let weight = select(key < left, (scores[i] - highest).exp(), 0.0f32);
            total += weight;
            #[unroll]
            for c in 0..head {
                sums[c] = sums[c] + tile[TILE + key * head + c] * Vector::new(weight);
            }
        }
        stats[0] = highest;
        stats[1] = total;
    }
}

/// Brings the shares of a query together in its first thread.
#[cube]
#[allow(clippy::too_many_arguments)]
fn merge(
    sums: &mut Array<Vector<f32, Const<4>>>,
    stats: &mut Array<f32>,
    tile: &mut Shared<[Vector<f32, Const<4>>]>,
    share: usize,
    lane: usize,
    #[comptime] head: usize,
    #[comptime] queries: usize,
    #[comptime] shares: usize,
) {
    let mut tops = Shared::<[f32]>::new_slice(THREADS);
    let mut totals = Shared::<[f32]>::new_slice(THREADS);
    tops[share * queries + lane] = stats[0];
    totals[share * queries + lane] = stats[1];
    sync_cube();
    let mut highest = stats[0];
    #[unroll]
    for other in 0..shares {
        highest = max(highest, tops[other * queries + lane]);
    }
    let mut total = 0.0f32;
    #[unroll]
    for other in 0..shares {
        total += totals[other * queries + lane] * (tops[other * queries + lane] - highest).exp();
    }
    let shrink = (stats[0] - highest).exp();
    stats[0] = highest;
    stats[1] = total;
    #[unroll]
    for c in 0..head {
        sums[c] = sums[c] * Vector::new(shrink);
    }
    // As many vectors of a query at once as the tile holds.
    let block = comptime!((2 * TILE / queries).min(head));
    #[unroll]
    for other in 1..shares {
        #[unroll]
        for first in 0..comptime!(head.div_ceil(block)) {
            if share == other {
                #[unroll]
                for c in 0..block {
                    if comptime!(first * block + c < head) {
                        tile[lane * block + c] = sums[comptime!((first * block + c).min(head - 1))];
                    }
                }
            }
            sync_cube();
            if share == 0 {
                #[unroll]
                for c in 0..block {
                    if comptime!(first * block + c < head) {
                        let at = comptime!((first * block + c).min(head - 1));
                        sums[at] = sums[at] + tile[lane * block + c];
                    }
                }
            }
            sync_cube();
        }
    }
}
