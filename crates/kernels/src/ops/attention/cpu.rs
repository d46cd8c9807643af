//! The path for the CPU: one matrix product of a block of queries with all keys. Only the scores of
//! that block are held.

use super::Attention;
use crate::elementary::exp;
use crate::parallel::for_each_chunk;
use crate::product::{Product, View};

/// Number of queries per task.
const QUERIES: usize = 64;

/// A task owns a block of queries of one picture.
pub(super) fn attention(sizes: &Attention<'_>, qkv: &[f32], dst: &mut [f32]) {
    let (tokens, width) = (sizes.tokens, sizes.heads * sizes.head_dim);
    for (picture, dst) in dst.chunks_exact_mut((tokens * width).max(1)).enumerate() {
        let qkv = &qkv[picture * 3 * tokens * width..][..3 * tokens * width];
        for_each_chunk(dst, QUERIES * width, |block, dst| {
            let mut scores = vec![0.0f32; dst.len() / width * tokens];
            for head in 0..sizes.heads {
                one_head(qkv, sizes, head, block * QUERIES, &mut scores, dst);
            }
        });
    }
}

/// Queries `first ..` of one head: `dst = softmax(q k^T / sqrt(head_dim)) v`.
fn one_head(qkv: &[f32], sizes: &Attention<'_>, head: usize, first: usize, scores: &mut [f32], dst: &mut [f32]) {
    let Attention { tokens, head_dim, .. } = *sizes;
    let width = sizes.heads * head_dim;
    let queries = dst.len() / width;
    let inside = head * head_dim;
    let rows = |part: usize, first: usize| View::rows(&qkv[first * 3 * width + part * width + inside..], 3 * width);
    let scale = 1.0 / (head_dim as f32).sqrt();
    let q = rows(0, first);
    let all = Product {
        rows: queries,
        cols: tokens,
        inner: head_dim,
        a: q,
        b: rows(1, 0).transposed(),
        scale,
    };
    all.store(scores, tokens);
    let mut totals = [0.0f32; QUERIES];
    for (scores, total) in scores.chunks_exact_mut(tokens).zip(&mut totals) {
        *total = weights(scores);
    }
    let mixed = Product {
        rows: queries,
        cols: head_dim,
        inner: tokens,
        a: View::rows(scores, tokens),
        b: rows(2, 0),
        scale: 1.0,
    };
    mixed.store(&mut dst[inside..], width);
    for (dst, total) in dst.chunks_exact_mut(width).zip(totals) {
        let inverse = 1.0 / total;
        dst[inside..inside + head_dim].iter_mut().for_each(|v| *v *= inverse);
    }
}

/// Turns scores into weights relative to the largest and returns their sum.
pub(crate) fn weights(scores: &mut [f32]) -> f32 {
    pulp::Arch::new().dispatch(Weights { scores })
}

struct Weights<'a> {
    scores: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Weights<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let top = self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0.0f64;
        for block in self.scores.chunks_mut(64) {
            for score in block.iter_mut() {
                *score = exp(*score - top);
            }
            total += f64::from(block.iter().sum::<f32>());
        }
        total as f32
    }
}
