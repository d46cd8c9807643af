//! The path for the CPU: the loops of the twin in f32, over lanes that become vector instructions.

use super::CachedAttention;
use crate::elementary::exp;
use crate::parallel::for_each_chunk;

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
