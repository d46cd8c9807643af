//! The path for the CPU. Many rows of one sequence (a prefill) are matrix products of a block of
//! queries with the keys before it. Otherwise it is the loops of the twin in f32, over lanes that
//! become vector instructions.

use super::{CachedAttention, Places};
use crate::elementary::exp;
use crate::ops::attention::cpu::weights;
use crate::parallel::for_each_chunk;
use crate::product::{Product, View};

/// Number of queries of a block.
const QUERIES: usize = 32;
/// Number of rows of one sequence from which products pay.
const MANY: usize = 8;

/// Number of partial sums in a dot product.
const LANES: usize = 16;
/// Number of products of queries with cache positions from which a second thread pays.
const SMALL: usize = 1 << 14;

/// A task owns one row and head. If there is little to do, one task owns everything.
pub(super) fn cached_attention(
    args: &CachedAttention<'_>,
    qkv: &[f32],
    keys: &[f32],
    values: &[f32],
    rows: &[[usize; 3]],
    dst: &mut [f32],
) {
    if let (Places::From(_), MANY..) = (args.places, args.m) {
        let position = rows[0][1];
        for_each_chunk(dst, QUERIES * args.heads * args.head_dim, |block, dst| {
            prefill(args, qkv, [keys, values], position, block * QUERIES, dst);
        });
        return;
    }
    let small = args.heads * rows.iter().map(|row| row[1] + 1).sum::<usize>() < SMALL;
    let tasks = if small { (args.m * args.heads).max(1) } else { 1 };
    for_each_chunk(dst, tasks * args.head_dim, |first, dst| {
        pulp::Arch::new().dispatch(Heads {
            args,
            qkv,
            keys,
            values,
            rows,
            first: first * tasks,
            dst,
        });
    });
}

/// All heads of a block of rows of one sequence, from row `first` on. Row 0 stands at `position`.
fn prefill(
    args: &CachedAttention<'_>,
    qkv: &[f32],
    [keys, values]: [&[f32]; 2],
    position: usize,
    first: usize,
    dst: &mut [f32],
) {
    let (heads, kv_heads, dim) = (args.heads, args.kv_heads, args.head_dim);
    let (row_width, width) = ((heads + 2 * kv_heads) * dim, heads * dim);
    let queries = dst.len() / width;
    // Positions that the last row sees. Those before it see fewer.
    let seen = position + first + queries;
    let mut scores = vec![0.0f32; queries * seen];
    for head in 0..heads {
        let start = head / (heads / kv_heads) * dim;
        let [keys, values] = [keys, values].map(|plane| View::rows(&plane[start..], kv_heads * dim));
        let all = Product {
            rows: queries,
            cols: seen,
            inner: dim,
            a: View::rows(&qkv[first * row_width + head * dim..], row_width),
            b: keys.transposed(),
            scale: 1.0 / (dim as f32).sqrt(),
        };
        all.store(&mut scores, seen);
        for (row, scores) in scores.chunks_exact_mut(seen).enumerate() {
            let (scores, later) = scores.split_at_mut(position + first + row + 1);
            let total = weights(scores);
            scores.iter_mut().for_each(|weight| *weight /= total);
            later.fill(0.0);
        }
        let mixed = Product {
            rows: queries,
            cols: dim,
            inner: seen,
            a: View::rows(&scores, seen),
            b: values,
            scale: 1.0,
        };
        mixed.store(&mut dst[head * dim..], width);
    }
}

/// Heads of rows, counted row by row from `first` on, as many as `dst` holds.
struct Heads<'a> {
    args: &'a CachedAttention<'a>,
    qkv: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    rows: &'a [[usize; 3]],
    first: usize,
    dst: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Heads<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (heads, kv_heads, dim) = (self.args.heads, self.args.kv_heads, self.args.head_dim);
        let row_width = (heads + 2 * kv_heads) * dim;
        let scale = 1.0 / (dim as f32).sqrt();
        let mut scores = Vec::new();
        for (i, dst) in self.dst.chunks_exact_mut(dim).enumerate() {
            let (row, head) = ((self.first + i) / heads, (self.first + i) % heads);
            let q = &self.qkv[row * row_width + head * dim..][..dim];
            let start = head / (heads / kv_heads) * dim;
            let ([slot, position, shared], prefix) = (self.rows[row], self.args.places.prefix());
            let at = |t: usize| {
                let slot = if t < prefix { shared } else { slot };
                start + (slot * self.args.capacity + t) * kv_heads * dim
            };
            let mut max = f32::NEG_INFINITY;
            scores.clear();
            for t in 0..position + 1 {
                let score = scale * dot(q, &self.keys[at(t)..][..dim]);
                max = max.max(score);
                scores.push(score);
            }
            dst.fill(0.0);
            let mut total = 0.0;
            for (t, score) in scores.iter().enumerate() {
                let p = exp(score - max);
                total += p;
                for (sum, value) in dst.iter_mut().zip(&self.values[at(t)..][..dim]) {
                    *sum += p * value;
                }
            }
            dst.iter_mut().for_each(|sum| *sum /= total);
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_tail, b_tail) = (a.chunks_exact(LANES).remainder(), b.chunks_exact(LANES).remainder());
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for j in 0..LANES {
            sums[j] += a[j] * b[j];
        }
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + tail
}
