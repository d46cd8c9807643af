//! Matrix times a few rows: a group of lanes per output. They add their partial sums in shared
//! memory.
//!
//! Each cube stages the input row in shared memory once, after a fused normalisation or activation.
//! A lane reads 16 bytes of a weight row at a time. They stay quantized until they are in
//! registers.

#![allow(
    clippy::manual_is_multiple_of,
    clippy::single_match,
    reason = "kernels are written in the subset of Rust that CubeCL expands"
)]

use cubecl::prelude::*;

use super::Epilogue;
use super::plan::{MatVec, Prologue};
use crate::ops::lanes::{Vec4, cube_sum, gelu, silu, sum4};
use crate::weight;

/// `dst[m, row] = epilogue(w[row] . prologue(x[m]) + bias + low rank)`; `CUBE_POS_Y` is `m`.
#[cube(launch_unchecked)]
pub(super) fn kernel<N: Size>(
    x: &[Vec4],
    words: &[Vector<u32, N>],
    scales: ComptimeOption<&[u32]>,
    bias: ComptimeOption<&[f32]>,
    low_b: ComptimeOption<&[f32]>,
    low_t: ComptimeOption<&[f32]>,
    norm: ComptimeOption<&[Vec4]>,
    dst: &mut [f32],
    rows: usize,
    eps: f32,
    low_scale: f32,
    second: usize,
    third: usize,
    #[comptime] plan: MatVec,
) {
    let m = CUBE_POS_Y as usize;
    let unit = UNIT_POS_X as usize;
    let (lanes, repeat) = comptime!((plan.lanes, plan.repeat));
    let groups = comptime!(plan.threads / plan.lanes);
    let (lane, group) = (unit % lanes, unit / lanes);
    let first = CUBE_POS_X as usize * (groups * repeat) + group;
    let mut scratch = Shared::<[f32]>::new_slice(comptime!(plan.threads * plan.repeat + 16));
    let mut staged = Shared::<[Vec4]>::new_slice(comptime!(plan.stage * plan.stride));

    let mut held = Array::<Vector<u32, N>>::new(comptime!(plan.held() * plan.repeat));
    let mut held_scales = Array::<u32>::new(comptime!(plan.held() * plan.repeat));
    if comptime!(plan.prefetch) {
        hold::<N>(words, &scales, &mut held, &mut held_scales, first, lane, rows, plan);
    }
    let mut squares = Vec4::new(0.0f32);
    let mut sums = Array::<f32>::new(repeat);
    #[unroll]
    for r in 0..repeat {
        sums[r] = 0.0f32;
    }
    #[unroll]
    for s in 0..comptime!(plan.loads.div_ceil(plan.stage)) {
        let from = comptime!(s * plan.stage);
        let count = comptime!(plan.stage.min(plan.loads - s * plan.stage));
        if comptime!(s > 0) {
            sync_cube();
        }
        squares += stage(x, &norm, m, from, count, &mut staged, plan);
        sync_cube();
        if comptime!(plan.prefetch) {
            add_held::<N>(&held, &held_scales, &staged, &mut sums, lane, count, plan);
        } else {
            add_loads::<N>(words, &scales, &staged, &mut sums, first, lane, rows, from, count, plan);
        }
    }
    if comptime!(plan.prologue == Prologue::RmsNorm) {
        divide_by_norm(squares, &mut scratch, &mut sums, eps, plan);
    }
    if comptime!(plan.rank > 0) {
        add_low_rank(
            &low_b, &low_t, &mut sums, first, lane, m, rows, low_scale, second, third, plan,
        );
    }
    #[unroll]
    for r in 0..repeat {
        let total = lane_sum(sums[r], r, &mut scratch, plan);
        let row = first + r * groups;
        if lane == 0 && row < rows {
            store(total, &bias, dst, m * rows + row, row, plan);
        }
    }
}

/// Requests everything this lane needs of its rows before the barriers that follow. Memory answers
/// meanwhile.
#[cube]
fn hold<N: Size>(
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    held: &mut Array<Vector<u32, N>>,
    held_scales: &mut Array<u32>,
    first: usize,
    lane: usize,
    rows: usize,
    #[comptime] plan: MatVec,
) {
    #[unroll]
    for pass in 0..comptime!(plan.held()) {
        let load = usize::min(pass * comptime!(plan.lanes) + lane, comptime!(plan.loads - 1));
        #[unroll]
        for r in 0..comptime!(plan.repeat) {
            let row = usize::min(first + r * comptime!(plan.threads / plan.lanes), rows - 1);
            let i = comptime!(pass * plan.repeat + r);
            held[i] = words[row * comptime!(plan.loads) + load];
            held_scales[i] = scale_word(scales, load, row, plan);
        }
    }
}

/// Fills shared memory with the part of the row that loads `from .. from + count` need. Returns
/// this unit's share of the sum of squares.
#[cube]
fn stage(
    x: &[Vec4],
    norm: &ComptimeOption<&[Vec4]>,
    m: usize,
    #[comptime] from: usize,
    #[comptime] count: usize,
    staged: &mut Shared<[Vec4]>,
    #[comptime] plan: MatVec,
) -> Vec4 {
    let (quads, span) = comptime!((plan.quads, plan.span));
    let mut squares = Vec4::new(0.0f32);
    let mut i = UNIT_POS_X as usize;
    while i < comptime!(count * span) {
        let at = comptime!(from * span) + i;
        let mut v = Vec4::new(0.0f32);
        if comptime!(plan.prologue == Prologue::SwiGlu) {
            let gate = x[m * 2 * quads + at];
            let up = x[m * 2 * quads + quads + at];
            #[unroll]
            for j in 0..4usize {
                v.insert(j, silu(gate.extract(j)) * up.extract(j));
            }
        } else {
            v = x[m * quads + at];
        }
        #[comptime]
        match norm {
            ComptimeOption::Some(weight) => {
                squares += v * v;
                v *= weight[at];
            }
            ComptimeOption::None => {}
        }
        staged[i / span * comptime!(plan.stride) + i % span] = v;
        i += comptime!(plan.threads);
    }
    squares
}

/// Adds the products of the loads that [`hold`] requested.
#[cube]
fn add_held<N: Size>(
    held: &Array<Vector<u32, N>>,
    held_scales: &Array<u32>,
    staged: &Shared<[Vec4]>,
    sums: &mut Array<f32>,
    lane: usize,
    #[comptime] count: usize,
    #[comptime] plan: MatVec,
) {
    #[unroll]
    for pass in 0..comptime!(plan.held()) {
        let load = pass * comptime!(plan.lanes) + lane;
        if load < count {
            #[unroll]
            for r in 0..comptime!(plan.repeat) {
                let i = comptime!(pass * plan.repeat + r);
                sums[r] += dot::<N>(held[i], held_scales[i], staged, load, load, plan);
            }
        }
    }
}

/// Adds the products of this lane's loads among `from .. from + count`.
#[cube]
fn add_loads<N: Size>(
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    staged: &Shared<[Vec4]>,
    sums: &mut Array<f32>,
    first: usize,
    lane: usize,
    rows: usize,
    #[comptime] from: usize,
    #[comptime] count: usize,
    #[comptime] plan: MatVec,
) {
    let mut load = lane;
    while load < count {
        #[unroll]
        for r in 0..comptime!(plan.repeat) {
            let row = usize::min(first + r * comptime!(plan.threads / plan.lanes), rows - 1);
            let word = words[row * comptime!(plan.loads) + from + load];
            let scale = scale_word(scales, from + load, row, plan);
            sums[r] += dot::<N>(word, scale, staged, load, from + load, plan);
        }
        load += comptime!(plan.lanes);
    }
}

/// Divides the sums by the root mean square of the row of `x`. The factor is common to the whole
/// row, so it is applied after the products are summed.
#[cube]
fn divide_by_norm(
    squares: Vec4,
    scratch: &mut Shared<[f32]>,
    sums: &mut Array<f32>,
    eps: f32,
    #[comptime] plan: MatVec,
) {
    sync_cube();
    let total = cube_sum(sum4(squares), scratch, comptime!(plan.threads));
    let scale = 1.0f32 / (total / comptime!(4.0 * plan.quads as f32) + eps).sqrt();
    #[unroll]
    for r in 0..comptime!(plan.repeat) {
        sums[r] *= scale;
    }
    sync_cube();
}

/// One load of a weight row times its part of `x`: `slot` in shared memory, load `at` of its row.
#[cube]
fn dot<N: Size>(
    words: Vector<u32, N>,
    scale: u32,
    staged: &Shared<[Vec4]>,
    slot: usize,
    at: usize,
    #[comptime] plan: MatVec,
) -> f32 {
    let from = slot * comptime!(plan.stride);
    weight::load_dot::<N>(
        words,
        scale,
        staged,
        from,
        at,
        comptime!(plan.width),
        comptime!(plan.format),
    )
}

/// The word of scales that load `at` of a row needs.
#[cube]
fn scale_word(scales: &ComptimeOption<&[u32]>, at: usize, row: usize, #[comptime] plan: MatVec) -> u32 {
    let index = weight::load_scale(row, at, comptime!(plan.quads * 4), comptime!(plan.format));
    weight::scale_word(scales, index)
}

/// Adds this lane's part of `low_scale * b[row] . t`.
#[cube]
fn add_low_rank(
    b: &ComptimeOption<&[f32]>,
    t: &ComptimeOption<&[f32]>,
    sums: &mut Array<f32>,
    first: usize,
    lane: usize,
    m: usize,
    rows: usize,
    scale: f32,
    second: usize,
    third: usize,
    #[comptime] plan: MatVec,
) {
    let rank = comptime!(plan.rank);
    let segments = 1 + usize::cast_from(second < rows) + usize::cast_from(third < rows);
    #[unroll]
    for r in 0..comptime!(plan.repeat) {
        let row = usize::min(first + r * comptime!(plan.threads / plan.lanes), rows - 1);
        let segment = usize::cast_from(second <= row) + usize::cast_from(third <= row);
        let from = (m * segments + segment) * rank;
        let mut sum = 0.0f32;
        #[comptime]
        match (b, t) {
            (ComptimeOption::Some(b), ComptimeOption::Some(t)) => {
                let mut i = lane;
                while i < rank {
                    sum += b[row * rank + i] * t[from + i];
                    i += comptime!(plan.lanes);
                }
            }
            _ => {}
        }
        sums[r] += scale * sum;
    }
}

/// Sum over the lanes of a group; the first lane gets it.
#[cube]
fn lane_sum(value: f32, #[comptime] part: usize, scratch: &mut Shared<[f32]>, #[comptime] plan: MatVec) -> f32 {
    let mut total = value;
    if comptime!(plan.plane) {
        #[unroll]
        for bit in 0..comptime!(plan.lanes.ilog2()) {
            total += plane_shuffle_xor(total, comptime!(1u32 << bit));
        }
    } else if comptime!(plan.lanes > 1) {
        let unit = UNIT_POS_X as usize;
        let at = comptime!(part * plan.threads) + unit;
        scratch[at] = value;
        sync_cube();
        if unit % comptime!(plan.lanes) == 0 {
            #[unroll]
            for i in 1..comptime!(plan.lanes) {
                total += scratch[at + i];
            }
        }
    }
    total
}

/// Bias and epilogue of one output.
#[cube]
fn store(total: f32, bias: &ComptimeOption<&[f32]>, dst: &mut [f32], at: usize, row: usize, #[comptime] plan: MatVec) {
    let mut y = total;
    #[comptime]
    match bias {
        ComptimeOption::Some(bias) => y += bias[row],
        ComptimeOption::None => {}
    }
    if comptime!(plan.epilogue == Epilogue::Gelu) {
        dst[at] = gelu(y);
    } else if comptime!(plan.epilogue == Epilogue::Add) {
        dst[at] += y;
    } else {
        dst[at] = y;
    }
}
