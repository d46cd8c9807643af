//! An adapter as more columns of the product: `B` beside the matrix, `A x` below `x`.

use cubecl::prelude::*;

use super::tiles::{Tile, transpose};
use crate::ops::lanes::{Quad, Vec4};
use crate::ops::linear::plan::MatMul;

/// Segment of an output row, see [`LowRank`](crate::ops::LowRank).
#[cube]
pub(super) fn segment_of(row: usize, second: usize, third: usize) -> usize {
    usize::cast_from(second <= row) + usize::cast_from(third <= row)
}

/// Four columns of `A x` of a row, all segments side by side in fours; zeros past the last.
#[cube]
pub(super) fn low_t_quad(
    t: &ComptimeOption<&[f32]>,
    row: usize,
    at: usize,
    segments: usize,
    #[comptime] plan: MatMul,
) -> Vec4 {
    let (rank, quads) = comptime!((plan.rank, plan.rank.div_ceil(4)));
    let (segment, col) = (at / quads, at % quads * 4);
    let mut v = Vec4::new(0.0f32);
    #[comptime]
    match t {
        ComptimeOption::Some(t) =>
        {
            #[unroll]
            for j in 0..4usize {
                if segment < segments && col + j < rank {
                    v.insert(j, t[(row * segments + segment) * rank + col + j]);
                }
            }
        }
        ComptimeOption::None => {}
    }
    v
}

/// Four columns of `scale * B` of an output, zero outside its own segment.
#[cube]
pub(super) fn low_b_quad(
    b: &ComptimeOption<&[f32]>,
    row: usize,
    at: usize,
    second: usize,
    third: usize,
    scale: f32,
    #[comptime] plan: MatMul,
) -> Vec4 {
    let (rank, quads) = comptime!((plan.rank, plan.rank.div_ceil(4)));
    let (segment, col) = (at / quads, at % quads * 4);
    let mut v = Vec4::new(0.0f32);
    #[comptime]
    match b {
        ComptimeOption::Some(b) =>
        {
            #[unroll]
            for j in 0..4usize {
                if segment == segment_of(row, second, third) && col + j < rank {
                    v.insert(j, scale * b[row * rank + col + j]);
                }
            }
        }
        ComptimeOption::None => {}
    }
    v
}

/// `A x` of the tile's rows.
#[cube]
pub(super) fn load_low_t<E: Float>(
    t: &ComptimeOption<&[f32]>,
    xs: &mut Shared<[Quad<E>]>,
    from: usize,
    at: &Tile,
    segments: usize,
    #[comptime] plan: MatMul,
) {
    let tile = comptime!(plan.tile_m);
    let mut task = UNIT_POS_X as usize;
    while task < comptime!(plan.depth * plan.tile_m) {
        let (quad, k) = (task % tile, task / tile);
        let mut block = Array::<Vec4>::new(4usize);
        #[unroll]
        for r in 0..4usize {
            let row = usize::min(at.first_m + quad * 4 + r, at.m - 1);
            block[r] = low_t_quad(t, row, from + k, segments, plan);
        }
        transpose::<E>(&block, 0usize, xs, k * comptime!(4 * plan.tile_m) + quad, tile);
        task += comptime!(plan.threads());
    }
}

/// `scale * B` of the tile's outputs.
#[cube]
pub(super) fn load_low_b<E: Float>(
    b: &ComptimeOption<&[f32]>,
    ws: &mut Shared<[Quad<E>]>,
    from: usize,
    at: &Tile,
    second: usize,
    third: usize,
    scale: f32,
    #[comptime] plan: MatMul,
) {
    let tile = comptime!(plan.tile_n);
    let mut task = UNIT_POS_X as usize;
    while task < comptime!(plan.depth * plan.tile_n) {
        let (quad, k) = (task % tile, task / tile);
        let mut block = Array::<Vec4>::new(4usize);
        #[unroll]
        for r in 0..4usize {
            let row = usize::min(at.first_row + quad * 4 + r, at.rows - 1);
            block[r] = low_b_quad(b, row, from + k, second, third, scale, plan);
        }
        transpose::<E>(&block, 0usize, ws, k * comptime!(4 * plan.tile_n) + quad, tile);
        task += comptime!(plan.threads());
    }
}
