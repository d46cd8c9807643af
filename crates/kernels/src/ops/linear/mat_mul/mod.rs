//! Matrix times many rows: tiles of both operands lie in shared memory, and each unit keeps a block
//! of the product in registers.
//!
//! Weights are de-quantised on their way into shared memory. An adapter is more columns of the same
//! product: `B` beside `W`, `A x` below `x`. Units may form groups that divide the columns of a
//! tile and add up at the end. Small products, such as one picture through an encoder, have too few
//! outputs to occupy a large GPU otherwise.

#![allow(
    clippy::manual_div_ceil,
    reason = "kernels are written in the subset of Rust that CubeCL expands"
)]

mod low_rank;
mod product;
mod tiles;
pub(super) mod units;

use cubecl::prelude::*;

use self::low_rank::{load_low_b, load_low_t, segment_of};
use self::product::{add_groups, multiply, store};
use self::tiles::{fetch, norm_scales, put, this_tile};
use super::plan::{MatMul, Prologue};
use crate::ops::lanes::{Quad, Vec4};

/// Tiles hold `E`: f32, or f16 with [`super::plan::Products::Half`].
///
/// `dst[m, row] = epilogue(w[row] . prologue(x[m]) + bias + low rank)`; `CUBE_POS_X` counts tiles
/// of `row`, `CUBE_POS_Y` of `m`.
#[cube(launch_unchecked)]
pub(super) fn kernel<E: Float, V: Size, N: Size, D: Size>(
    x: &[Vector<f32, V>],
    words: &[Vector<u32, N>],
    scales: ComptimeOption<&[u32]>,
    bias: ComptimeOption<&[f32]>,
    low_b: ComptimeOption<&[f32]>,
    low_t: ComptimeOption<&[f32]>,
    norm: ComptimeOption<&[f32]>,
    dst: &mut [Vector<f32, D>],
    m: usize,
    rows: usize,
    cols: usize,
    eps: f32,
    low_scale: f32,
    second: usize,
    third: usize,
    #[comptime] plan: MatMul,
) {
    let tile = this_tile(m, rows, cols, plan);
    let mut xs = Shared::<[Quad<E>]>::new_slice(comptime!(4 * plan.depth * plan.tile_m));
    let mut ws = Shared::<[Quad<E>]>::new_slice(comptime!(4 * plan.depth * plan.tile_n));
    let mut row_scales = Shared::<[f32]>::new_slice(comptime!(4 * plan.tile_m));
    if comptime!(plan.prologue == Prologue::RmsNorm) {
        norm_scales::<V>(x, &tile, eps, &mut row_scales, plan);
    }
    let mut sums = Array::<Vec4>::new(comptime!(4 * plan.block_m * plan.block_n));
    #[unroll]
    for i in 0..comptime!(4 * plan.block_m * plan.block_n) {
        sums[i] = Vec4::new(0.0f32);
    }

    // The next tiles move from memory into registers while the present ones are multiplied.
    let mut held = Array::<Vec4>::new(comptime!(4 * plan.tasks()));
    fetch::<V, N>(x, &norm, words, &scales, &row_scales, &mut held, 0, &tile, plan);
    let mut from = 0usize;
    while from * 4 < cols {
        put::<E>(&held, &mut xs, &mut ws, plan);
        sync_cube();
        from += comptime!(plan.depth);
        if from * 4 < cols {
            fetch::<V, N>(x, &norm, words, &scales, &row_scales, &mut held, from, &tile, plan);
        }
        multiply::<E>(&xs, &ws, &mut sums, plan);
        sync_cube();
    }
    if comptime!(plan.rank > 0) {
        let segments = segment_of(rows - 1, second, third) + 1;
        let quads = comptime!(plan.rank.div_ceil(4));
        let last_row = usize::min(tile.first_row + comptime!(4 * plan.tile_n), rows) - 1;
        // Only the segments that this tile's rows belong to; the bounds are the same for the whole
        // cube.
        let mut from = segment_of(tile.first_row, second, third) * quads;
        let end = (segment_of(last_row, second, third) + 1) * quads;
        while from < end {
            load_low_t::<E>(&low_t, &mut xs, from, &tile, segments, plan);
            load_low_b::<E>(&low_b, &mut ws, from, &tile, second, third, low_scale, plan);
            sync_cube();
            multiply::<E>(&xs, &ws, &mut sums, plan);
            sync_cube();
            from += comptime!(plan.depth);
        }
    }
    if comptime!(plan.groups > 1) {
        add_groups(&mut sums, plan);
    }
    if UNIT_POS_X < comptime!(plan.group() as u32) {
        store::<D>(&sums, &bias, dst, &tile, plan);
    }
}
