use cubecl::prelude::*;
use half::f16;

use super::Attention;
use crate::device::{Backend, Gpu};
use crate::ops::lanes::{Quad, Vec4, sum4};
use crate::{KernelError, Result};

/// Number of threads in a cube.
const THREADS: usize = 128;

/// Number of vectors of four floats in a tile of keys. A tile of values has as many. Together they
/// fill the 16 KiB that WebGPU guarantees.
const TILE: usize = 512;

/// Number of queries that keep a large GPU busy with one thread each. With fewer queries, several
/// threads share the keys of a query.
const BUSY: usize = 1 << 17;

/// A score below that of any key. It is finite, because WGSL does not define infinity.
const LOWEST: f32 = -1e30;

pub(super) fn attention(gpu: &Gpu, args: Attention<'_>) -> Result<()> {
    const OP: &str = "attention";
    let head = args.head_dim;
    if !head.is_multiple_of(8) || !(8..=128).contains(&head) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("head width {head} is not a multiple of 8 from 8 to 128"),
        });
    }
    let queries = args.batch * args.heads * args.tokens;
    let shares = match queries {
        BUSY.. => 1,
        n if n * 4 >= BUSY => 4,
        _ => 8,
    };
    // As many keys as the tile holds. A multiple of 32 gives every share whole groups of four.
    let keys = (TILE / (head / 4) / 32 * 32).max(16);
    let plan = Plan {
        head: head / 4,
        keys,
        shares,
        // Wider heads would need more shared memory than WebGPU guarantees. CUDA was not measured.
        half: gpu.half() && gpu.info().backend == Backend::Wgpu && head <= 64,
    };
    if plan.half {
        launch::<f16>(gpu, args, plan)
    } else {
        launch::<f32>(gpu, args, plan)
    }
}

/// The compile-time sizes of the kernel, in vectors of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Plan {
    /// Width of a head.
    head: usize,
    /// Number of keys in a tile.
    keys: usize,
    /// Number of threads that share a query.
    shares: usize,
    /// Whether tiles hold 16-bit floats. Then products are added in 16 bits over the width of a
    /// head or over a few keys, and in 32 bits beyond.
    half: bool,
}

impl Plan {
    /// Number of queries in a cube.
    fn queries(&self) -> usize {
        THREADS / self.shares
    }

    /// Number of vectors of a tile of keys that one thread loads.
    fn loads(&self) -> usize {
        (self.keys * self.head).div_ceil(THREADS)
    }

    /// Number of vectors of floats that threads exchange at the end, if the tile cannot hold them.
    fn scratch(&self) -> usize {
        if self.half && self.shares > 1 {
            THREADS.max(self.queries() * self.head)
        } else {
            1
        }
    }
}

fn launch<E: Float>(gpu: &Gpu, args: Attention<'_>, plan: Plan) -> Result<()> {
    const OP: &str = "attention";
    let tiles = args.tokens.div_ceil(plan.queries());
    // SAFETY: shapes were checked by the caller; tokens past the last are clamped when read and
    // not written.
    unsafe {
        kernel::launch_unchecked::<E>(
            gpu.launch(),
            CubeCount::Static(tiles as u32, args.heads as u32, args.batch as u32),
            CubeDim::new_1d(THREADS as u32),
            args.qkv.arg(OP)?,
            args.dst.arg(OP)?,
            args.tokens,
            args.heads,
            1.0 / (args.head_dim as f32).sqrt(),
            plan,
        );
    }
    Ok(())
}

/// Grid: tiles of queries, heads, pictures. `shares` threads work on a query. Each has its part of
/// every tile of keys, and its own running maximum and sums (Milakov and Gimelshein 2018; Dao et
/// al. 2022). They are merged at the end. Sizes in vectors of four.
#[cube(launch_unchecked)]
fn kernel<E: Float>(qkv: &[Vec4], dst: &mut [Vec4], tokens: usize, heads: usize, scale: f32, #[comptime] plan: Plan) {
    let (head, queries) = comptime!((plan.head, plan.queries()));
    let unit = UNIT_POS_X as usize;
    let share = unit / queries;
    let lane = unit % queries;
    let token = CUBE_POS_X as usize * queries + lane;
    let width = heads * head;
    // First token of the picture, and this head's place inside a token.
    let picture = CUBE_POS_Z as usize * tokens;
    let inside = CUBE_POS_Y as usize * head;

    let mut q = Array::<Quad<E>>::new(head);
    let mut sums = Array::<Vec4>::new(head);
    let from = (picture + min(token, tokens - 1)) * 3 * width + inside;
    #[unroll]
    for i in 0..head {
        q[i] = Quad::<E>::cast_from(qkv[from + i] * Vector::new(scale));
        sums[i] = Vector::new(0.0f32);
    }
    // Highest score so far, and the sum of the weights relative to it.
    let mut stats = Array::<f32>::new(2usize);
    stats[0] = LOWEST;
    stats[1] = 0.0f32;

    // The keys of one tile, then its values. At the end, the sums to merge, in f32.
    let mut tile = Shared::<[Quad<E>]>::new_slice(comptime!(2 * TILE));
    // The next tile waits in registers while this one is used.
    let mut next = Array::<Vec4>::new(comptime!(2 * plan.loads()));
    fetch(qkv, &mut next, picture, tokens, 0usize, width, inside, unit, plan);
    let mut first = 0usize;
    while first < tokens {
        stage::<E>(&next, &mut tile, unit, plan);
        sync_cube();
        fetch(
            qkv,
            &mut next,
            picture,
            tokens,
            first + comptime!(plan.keys),
            width,
            inside,
            unit,
            plan,
        );
        attend::<E>(&q, &mut sums, &mut stats, &tile, share, tokens - first, plan);
        sync_cube();
        first += comptime!(plan.keys);
    }
    if comptime!(plan.shares > 1) {
        if comptime!(plan.half) {
            let mut scratch = Shared::<[Vec4]>::new_slice(comptime!(plan.scratch()));
            merge::<f32>(&mut sums, &mut stats, &mut scratch, share, lane, plan);
        } else {
            merge::<E>(&mut sums, &mut stats, &mut tile, share, lane, plan);
        }
    }
    if share == 0 && token < tokens {
        let to = (picture + token) * width + inside;
        finish(dst, &sums, stats[1], to, head);
    }
}

/// Divides by the sum of the weights and writes.
#[cube]
fn finish(dst: &mut [Vec4], sums: &Array<Vec4>, total: f32, to: usize, #[comptime] head: usize) {
    let inverse = Vec4::new(1.0f32 / total);
    #[unroll]
    for i in 0..head {
        dst[to + i] = sums[i] * inverse;
    }
}

/// This thread's part of the tile of keys and values that starts at token `first`. Tokens past the
/// last one repeat it and get no weight later.
#[cube]
fn fetch(
    qkv: &[Vec4],
    next: &mut Array<Vec4>,
    picture: usize,
    tokens: usize,
    first: usize,
    width: usize,
    inside: usize,
    unit: usize,
    #[comptime] plan: Plan,
) {
    let head = comptime!(plan.head);
    #[unroll]
    for i in 0..comptime!(plan.loads()) {
        let at = min(unit + comptime!(i * THREADS), comptime!(plan.keys * head - 1));
        let row = (picture + min(first + at / head, tokens - 1)) * 3 * width + inside + at % head;
        next[comptime!(2 * i)] = qkv[row + width];
        next[comptime!(2 * i + 1)] = qkv[row + 2 * width];
    }
}

/// Moves the fetched vectors to shared memory, in the precision of the tile.
#[cube]
fn stage<E: Float>(next: &Array<Vec4>, tile: &mut Shared<[Quad<E>]>, unit: usize, #[comptime] plan: Plan) {
    #[unroll]
    for i in 0..comptime!(plan.loads()) {
        let at = unit + comptime!(i * THREADS);
        if at < comptime!(plan.keys * plan.head) {
            tile[at] = Quad::<E>::cast_from(next[comptime!(2 * i)]);
            tile[TILE + at] = Quad::<E>::cast_from(next[comptime!(2 * i + 1)]);
        }
    }
}

/// One thread's part of a tile. It takes the scores of a few keys at once, so that it rescales the
/// sums only once.
#[cube]
fn attend<E: Float>(
    q: &Array<Quad<E>>,
    sums: &mut Array<Vec4>,
    stats: &mut Array<f32>,
    tile: &Shared<[Quad<E>]>,
    share: usize,
    left: usize,
    #[comptime] plan: Plan,
) {
    let head = comptime!(plan.head);
    let part = comptime!(plan.keys / plan.shares);
    let group = comptime!(if part.is_multiple_of(4) { 4 } else { 2 });
    let mut scores = Array::<f32>::new(group);
    for g in 0..comptime!(part / group) {
        let start = share * part + g * group;
        let top = stats[0];
        let mut highest = top;
        #[unroll]
        for i in 0..group {
            let mut products = Quad::<E>::new(E::from_int(0));
            #[unroll]
            for c in 0..head {
                products += q[c] * tile[(start + i) * head + c];
            }
            scores[i] = select(start + i < left, sum4(Vec4::cast_from(products)), LOWEST);
            highest = max(highest, scores[i]);
        }
        let shrink = (top - highest).exp();
        let mut total = stats[1] * shrink;
        #[unroll]
        for i in 0..group {
            scores[i] = select(start + i < left, (scores[i] - highest).exp(), 0.0f32);
            total += scores[i];
        }
        #[unroll]
        for c in 0..head {
            let mut sum = sums[c] * Vector::new(shrink);
            if comptime!(plan.half) {
                let mut values = Quad::<E>::new(E::from_int(0));
                #[unroll]
                for i in 0..group {
                    values += tile[TILE + (start + i) * head + c] * Quad::<E>::new(E::cast_from(scores[i]));
                }
                sum += Vec4::cast_from(values);
            } else {
                #[unroll]
                for i in 0..group {
                    sum += Vec4::cast_from(tile[TILE + (start + i) * head + c]) * Vector::new(scores[i]);
                }
            }
            sums[c] = sum;
        }
        stats[0] = highest;
        stats[1] = total;
    }
}

/// Merges the shares of a query in its first thread. `scratch` holds `S`, which is always f32.
#[cube]
fn merge<S: Float>(
    sums: &mut Array<Vec4>,
    stats: &mut Array<f32>,
    scratch: &mut Shared<[Quad<S>]>,
    share: usize,
    lane: usize,
    #[comptime] plan: Plan,
) {
    let (head, queries, shares) = comptime!((plan.head, plan.queries(), plan.shares));
    // The loop above ended with a barrier, so the scratch memory is free. First it takes the
    // maximum and total of every thread.
    let mut mine = Vec4::new(stats[0]);
    mine.insert(1usize, stats[1]);
    scratch[share * queries + lane] = Quad::<S>::cast_from(mine);
    sync_cube();
    let mut highest = stats[0];
    #[unroll]
    for other in 0..shares {
        let theirs = Vec4::cast_from(scratch[other * queries + lane]);
        highest = max(highest, theirs.extract(0usize));
    }
    let mut total = 0.0f32;
    #[unroll]
    for other in 0..shares {
        let theirs = Vec4::cast_from(scratch[other * queries + lane]);
        total += theirs.extract(1usize) * (theirs.extract(0usize) - highest).exp();
    }
    let shrink = Vec4::new((stats[0] - highest).exp());
    stats[1] = total;
    #[unroll]
    for c in 0..head {
        sums[c] *= shrink;
    }
    sync_cube();
    // Then it takes the sums of one share after the other: `queries * head` vectors, at most the
    // whole tile.
    for other in 1..shares {
        if share == other {
            #[unroll]
            for c in 0..head {
                scratch[c * queries + lane] = Quad::<S>::cast_from(sums[c]);
            }
        }
        sync_cube();
        if share == 0 {
            #[unroll]
            for c in 0..head {
                sums[c] += Vec4::cast_from(scratch[c * queries + lane]);
            }
        }
        sync_cube();
    }
}
