//! Products of tiles in registers, their sums, and their way to memory.

use cubecl::prelude::*;

use super::tiles::Tile;
use crate::ops::lanes::{Quad, Vec4, gelu};
use crate::ops::linear::Epilogue;
use crate::ops::linear::plan::{HALF_RUN, MatMul, Products};

/// Adds this unit's part of the product of two tiles.
#[cube]
pub(super) fn multiply<E: Float>(
    xs: &Shared<[Quad<E>]>,
    ws: &Shared<[Quad<E>]>,
    sums: &mut Array<Vec4>,
    #[comptime] plan: MatMul,
) {
    let share = comptime!(4 * plan.depth / plan.groups);
    let first = UNIT_POS_X as usize / comptime!(plan.group()) * share;
    if comptime!(plan.products == Products::Half) {
        let count = comptime!(4 * plan.block_m * plan.block_n);
        let run = comptime!(HALF_RUN.min(share));
        let mut part = Array::<Quad<E>>::new(count);
        for start in 0..comptime!(share / run) {
            #[unroll]
            for i in 0..count {
                part[i] = Quad::<E>::new(E::from_int(0));
            }
            let from = first + start * run;
            for k in from..from + run {
                column::<E, E>(xs, ws, k, &mut part, plan);
            }
            #[unroll]
            for i in 0..count {
                sums[i] += Vec4::cast_from(part[i]);
            }
        }
    } else {
        for k in first..first + share {
            column::<E, f32>(xs, ws, k, sums, plan);
        }
    }
}

/// Adds the products of column `k`, in the precision of `S`.
#[cube]
fn column<E: Float, S: Float>(
    xs: &Shared<[Quad<E>]>,
    ws: &Shared<[Quad<E>]>,
    k: usize,
    sums: &mut Array<Quad<S>>,
    #[comptime] plan: MatMul,
) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    let (block_m, block_n) = comptime!((plan.block_m, plan.block_n));
    let units_n = comptime!(plan.tile_n / plan.block_n);
    let units_m = comptime!(plan.tile_m / plan.block_m);
    let unit = UNIT_POS_X as usize % comptime!(plan.group());
    let (unit_n, unit_m) = (unit % units_n, unit / units_n);
    let mut w = Array::<Quad<E>>::new(block_n);
    #[unroll]
    for j in 0..block_n {
        w[j] = ws[k * tile_n + unit_n + j * units_n];
    }
    #[unroll]
    for i in 0..block_m {
        let v = xs[k * tile_m + unit_m + i * units_m];
        #[unroll]
        for a in 0..4usize {
            let left = Quad::<E>::new(v.extract(a));
            #[unroll]
            for j in 0..block_n {
                sums[comptime!((i * 4 + a) * block_n + j)] += Quad::<S>::cast_from(left * w[j]);
            }
        }
    }
}

/// Adds the sums of all groups into the first one's.
#[cube]
pub(super) fn add_groups(sums: &mut Array<Vec4>, #[comptime] plan: MatMul) {
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
pub(super) fn store<D: Size>(
    sums: &Array<Vec4>,
    bias: &ComptimeOption<&[f32]>,
    dst: &mut [Vector<f32, D>],
    tile: &Tile,
    #[comptime] plan: MatMul,
) {
    let (m, rows) = (tile.m, tile.rows);
    let units_n = comptime!(plan.tile_n / plan.block_n);
    let units_m = comptime!(plan.tile_m / plan.block_m);
    let unit = UNIT_POS_X as usize;
    let (unit_n, unit_m) = (unit % units_n, unit / units_n);
    #[unroll]
    for i in 0..comptime!(4 * plan.block_m) {
        let at_m = tile.first_m + (unit_m + comptime!(i / 4 * units_m)) * 4 + comptime!(i % 4);
        #[unroll]
        for j in 0..comptime!(plan.block_n) {
            let row = tile.first_row + (unit_n + comptime!(j * units_n)) * 4;
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
