//! Matrix times many rows: tiles of both operands meet in shared memory, each unit keeps a block of the product in registers.
//!
//! Weights are de-quantised on their way into shared memory. An adapter is more columns of the same product: `B` beside `W`,
//! `A x` below `x`. Units may form groups that share out the columns of a tile and add up at the end: small products (one picture
//! through an encoder) have too few outputs to occupy a large GPU otherwise.

#![allow(
    clippy::manual_div_ceil,
    reason = "kernels are written in the subset of Rust that CubeCL expands"
)]

use cubecl::prelude::*;

use super::Epilogue;
use super::plan::{MatMul, Prologue};
use super::tiles::{fetch_input, fetch_weight, load_low_b, load_low_t, norm_scales, put, segment_of};
use crate::ops::lanes::{Vec4, gelu};

/// `dst[m, row] = epilogue(w[row] . prologue(x[m]) + bias + low rank)`; `CUBE_POS_X` counts tiles of `row`, `CUBE_POS_Y` of `m`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
pub(super) fn kernel<V: Size, N: Size, D: Size>(
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
    let first_m = CUBE_POS_Y as usize * comptime!(4 * plan.tile_m);
    let first_row = CUBE_POS_X as usize * comptime!(4 * plan.tile_n);
    let mut xs = Shared::<[Vec4]>::new_slice(comptime!(4 * plan.depth * plan.tile_m));
    let mut ws = Shared::<[Vec4]>::new_slice(comptime!(4 * plan.depth * plan.tile_n));
    let mut row_scales = Shared::<[f32]>::new_slice(comptime!(4 * plan.tile_m));
    if comptime!(plan.prologue == Prologue::RmsNorm) {
        norm_scales::<V>(x, first_m, m, cols, eps, &mut row_scales, plan);
    }
    let mut sums = Array::<Vec4>::new(comptime!(4 * plan.block_m * plan.block_n));
    #[unroll]
    for i in 0..comptime!(4 * plan.block_m * plan.block_n) {
        sums[i] = Vec4::new(0.0f32);
    }

    // The next tiles travel from memory into registers while the present ones are multiplied.
    let mut held = Array::<Vec4>::new(comptime!(4 * plan.tasks()));
    let mut held_words = Array::<u32>::new(comptime!(8 * plan.tasks()));
    fetch_input::<V>(x, &norm, &row_scales, &mut held, 0, first_m, m, cols, plan);
    fetch_weight::<N>(
        words,
        &scales,
        &mut held,
        &mut held_words,
        0,
        first_row,
        rows,
        cols,
        plan,
    );
    let mut from = 0usize;
    while from * 4 < cols {
        put(&held, &held_words, &mut xs, &mut ws, from, cols, plan);
        sync_cube();
        from += comptime!(plan.depth);
        if from * 4 < cols {
            fetch_input::<V>(x, &norm, &row_scales, &mut held, from, first_m, m, cols, plan);
            fetch_weight::<N>(
                words,
                &scales,
                &mut held,
                &mut held_words,
                from,
                first_row,
                rows,
                cols,
                plan,
            );
        }
        multiply(&xs, &ws, &mut sums, plan);
        sync_cube();
    }
    if comptime!(plan.rank > 0) {
        let segments = segment_of(rows - 1, second, third) + 1;
        let quads = comptime!(plan.rank.div_ceil(4));
        let last_row = usize::min(first_row + comptime!(4 * plan.tile_n), rows) - 1;
        // Only the segments that this tile's rows belong to; the bounds are the same for the whole cube.
        let mut from = segment_of(first_row, second, third) * quads;
        let end = (segment_of(last_row, second, third) + 1) * quads;
        while from < end {
            load_low_t(&low_t, &mut xs, from, first_m, m, segments, plan);
            load_low_b(&low_b, &mut ws, from, first_row, rows, second, third, low_scale, plan);
            sync_cube();
            multiply(&xs, &ws, &mut sums, plan);
            sync_cube();
            from += comptime!(plan.depth);
        }
    }
    if comptime!(plan.groups > 1) {
        add_groups(&mut sums, plan);
    }
    if UNIT_POS_X < comptime!(plan.group() as u32) {
        store::<D>(&sums, &bias, dst, first_m, first_row, m, rows, plan);
    }
}

/// Adds this unit's part of the product of two tiles.
#[cube]
fn multiply(xs: &Shared<[Vec4]>, ws: &Shared<[Vec4]>, sums: &mut Array<Vec4>, #[comptime] plan: MatMul) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    let (block_m, block_n) = comptime!((plan.block_m, plan.block_n));
    let units_n = comptime!(plan.tile_n / plan.block_n);
    let units_m = comptime!(plan.tile_m / plan.block_m);
    let unit = UNIT_POS_X as usize % comptime!(plan.group());
    let (unit_n, unit_m) = (unit % units_n, unit / units_n);
    let share = comptime!(4 * plan.depth / plan.groups);
    let first = UNIT_POS_X as usize / comptime!(plan.group()) * share;
    for k in first..first + share {
        let mut w = Array::<Vec4>::new(block_n);
        #[unroll]
        for j in 0..block_n {
            w[j] = ws[k * tile_n + unit_n + j * units_n];
        }
        #[unroll]
        for i in 0..block_m {
            let v = xs[k * tile_m + unit_m + i * units_m];
            #[unroll]
            for a in 0..4usize {
                let left = Vec4::new(v.extract(a));
                #[unroll]
                for j in 0..block_n {
                    sums[comptime!((i * 4 + a) * block_n + j)] += left * w[j];
                }
            }
        }
    }
}

/// Adds the sums of all groups into the first one's.
#[cube]
fn add_groups(sums: &mut Array<Vec4>, #[comptime] plan: MatMul) {
    let (group, count) = comptime!((plan.group(), 4 * plan.block_m * plan.block_n));
    let mut passed = Shared::<[Vec4]>::new_slice(comptime!(group * count));
    let mine = UNIT_POS_X as usize / group;
    let unit = UNIT_POS_X as usize % group;
    #[unroll]
    for other in 1..comptime!(plan.groups) {
        if mine == other {
            #[unroll]
            for i in 0..count {
                passed[i * group + unit] = sums[i];
            }
        }
        sync_cube();
        if mine == 0 {
            #[unroll]
            for i in 0..count {
                sums[i] += passed[i * group + unit];
            }
        }
        sync_cube();
    }
}

/// Bias, epilogue and store of this unit's outputs.
#[cube]
#[allow(clippy::too_many_arguments)]
fn store<D: Size>(
    sums: &Array<Vec4>,
    bias: &ComptimeOption<&[f32]>,
    dst: &mut [Vector<f32, D>],
    first_m: usize,
    first_row: usize,
    m: usize,
    rows: usize,
    #[comptime] plan: MatMul,
) {
    let units_n = comptime!(plan.tile_n / plan.block_n);
    let units_m = comptime!(plan.tile_m / plan.block_m);
    let unit = UNIT_POS_X as usize;
    let (unit_n, unit_m) = (unit % units_n, unit / units_n);
    #[unroll]
    for i in 0..comptime!(4 * plan.block_m) {
        let at_m = first_m + (unit_m + comptime!(i / 4 * units_m)) * 4 + comptime!(i % 4);
        #[unroll]
        for j in 0..comptime!(plan.block_n) {
            let row = first_row + (unit_n + comptime!(j * units_n)) * 4;
            let sum = sums[comptime!(i * plan.block_n + j)];
            #[unroll]
            for part in 0..comptime!(4 / plan.width) {
                let mut y = Vector::<f32, D>::new(0.0f32);
                #[unroll]
                for c in 0..comptime!(plan.width) {
                    let mut value = sum.extract(comptime!(part * plan.width + c));
                    #[comptime]
                    match bias {
                        ComptimeOption::Some(bias) => {
                            value += bias[usize::min(row + comptime!(part * plan.width + c), rows - 1)]
                        }
                        ComptimeOption::None => {}
                    }
                    if comptime!(plan.epilogue == Epilogue::Gelu) {
                        value = gelu(value);
                    }
                    y.insert(c, value);
                }
                if at_m < m && row + part < rows {
                    let at = (at_m * rows + row + part) / comptime!(plan.width);
                    if comptime!(plan.epilogue == Epilogue::Add) {
                        y += dst[at];
                    }
                    dst[at] = y;
                }
            }
        }
    }
}
