//! Matrix times a few rows: a group of lanes an output, their partial sums meet in shared memory.
//!
//! The input row is staged in shared memory once a cube, after its normalisation or activation where one is fused in. A lane
//! reads 16 bytes of a weight row at a time and keeps them quantized until they are in registers.

use cubecl::prelude::*;

use super::Epilogue;
use super::plan::{Kind, MatVec, Prologue, scale_words};
use crate::ops::lanes::{Vec4, cube_sum, gelu, half, signed_byte, silu, sum4};

/// `dst[m, row] = epilogue(w[row] . prologue(x[m]) + bias + low rank)`; `CUBE_POS_Y` is `m`.
#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments)]
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
    let lanes = comptime!(plan.lanes);
    let repeat = comptime!(plan.repeat);
    let groups = comptime!(plan.threads / plan.lanes);
    let (lane, group) = (unit % lanes, unit / lanes);
    let first = CUBE_POS_X as usize * (groups * repeat) + group;
    let mut scratch = Shared::<[f32]>::new_slice(comptime!(plan.threads * plan.repeat + 16));
    let mut staged = Shared::<[Vec4]>::new_slice(comptime!(plan.stage * plan.stride));
    let scale = row_scale(x, m, eps, &mut scratch, plan);

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
        stage(x, &norm, m, from, count, scale, &mut staged, plan);
        sync_cube();
        #[unroll]
        for pass in 0..comptime!(count.div_ceil(plan.lanes)) {
            let load = pass * lanes + lane;
            if load < count {
                #[unroll]
                for r in 0..repeat {
                    let row = usize::min(first + r * groups, rows - 1);
                    let w = words[row * comptime!(plan.loads) + from + load];
                    sums[r] += dot::<N>(w, &staged, load, from + load, row, &scales, plan);
                }
            }
        }
    }
    if comptime!(plan.rank > 0) {
        let segments = 1 + usize::cast_from(second < rows) + usize::cast_from(third < rows);
        #[unroll]
        for r in 0..repeat {
            let row = usize::min(first + r * groups, rows - 1);
            let segment = usize::cast_from(second <= row) + usize::cast_from(third <= row);
            let t = (m * segments + segment) * comptime!(plan.rank);
            sums[r] += low_scale * low_rank(&low_b, &low_t, row, t, lane, plan);
        }
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

/// One over the root mean square of the row where the prologue is a norm, else 1.
#[cube]
fn row_scale(x: &[Vec4], m: usize, eps: f32, scratch: &mut Shared<[f32]>, #[comptime] plan: MatVec) -> f32 {
    let mut scale = 1.0f32;
    if comptime!(plan.prologue == Prologue::RmsNorm) {
        let mut squares = Vec4::new(0.0f32);
        let mut i = UNIT_POS_X as usize;
        while i < comptime!(plan.quads) {
            let v = x[m * comptime!(plan.quads) + i];
            squares += v * v;
            i += comptime!(plan.threads);
        }
        let total = cube_sum(sum4(squares), scratch, comptime!(plan.threads));
        scale = 1.0f32 / (total / comptime!(4.0 * plan.quads as f32) + eps).sqrt();
        sync_cube();
    }
    scale
}

/// Fills shared memory with the part of the row that loads `from .. from + count` meet.
#[cube]
#[allow(clippy::too_many_arguments)]
fn stage(
    x: &[Vec4],
    norm: &ComptimeOption<&[Vec4]>,
    m: usize,
    #[comptime] from: usize,
    #[comptime] count: usize,
    scale: f32,
    staged: &mut Shared<[Vec4]>,
    #[comptime] plan: MatVec,
) {
    let (quads, span) = comptime!((plan.quads, plan.span));
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
            v = x[m * quads + at] * Vec4::new(scale);
        }
        #[comptime]
        match norm {
            ComptimeOption::Some(weight) => v *= weight[at],
            ComptimeOption::None => {}
        }
        staged[i / span * comptime!(plan.stride) + i % span] = v;
        i += comptime!(plan.threads);
    }
}

/// One load of a weight row times what it meets of `x`: `slot` in shared memory, load `at` of `row` in the matrix.
#[cube]
fn dot<N: Size>(
    words: Vector<u32, N>,
    staged: &Shared<[Vec4]>,
    slot: usize,
    at: usize,
    row: usize,
    scales: &ComptimeOption<&[u32]>,
    #[comptime] plan: MatVec,
) -> f32 {
    let mut sum = 0.0f32;
    let mut plain = 0.0f32;
    let from = slot * comptime!(plan.stride);
    #[unroll]
    for j in 0..comptime!(plan.width) {
        let word = words.extract(j);
        if comptime!(plan.kind == Kind::F32) {
            sum += f32::reinterpret(word) * staged[from].extract(j);
        } else if comptime!(plan.kind == Kind::Q41) {
            let (low, high) = (staged[from + j], staged[from + 4 + j]);
            #[unroll]
            for i in 0..4usize {
                sum += nibble(word, comptime!(8 * i as u32)) * low.extract(i);
                sum += nibble(word, comptime!(8 * i as u32 + 4)) * high.extract(i);
            }
            plain += sum4(low) + sum4(high);
        } else {
            let x = staged[from + j];
            #[unroll]
            for i in 0..4usize {
                sum += f32::cast_from(signed_byte(word, comptime!(i as u32))) * x.extract(i);
            }
        }
    }
    #[comptime]
    match scales {
        ComptimeOption::Some(scales) => scaled(sum, plain, scales[scale_at(at, row, plan)], at, plan),
        ComptimeOption::None => sum,
    }
}

/// Index of the word of scales that load `at` of a row needs.
#[cube]
fn scale_at(at: usize, row: usize, #[comptime] plan: MatVec) -> usize {
    let per_row = comptime!(scale_words(plan.kind, plan.quads * 4));
    // A load is a whole block of Q4_1, half a block of Q8_0, of which two share a word.
    if comptime!(plan.kind == Kind::Q41) {
        row * per_row + at
    } else if comptime!(plan.kind == Kind::Q80) {
        row * per_row + at / 4
    } else {
        row
    }
}

/// `d * sum + m * plain` with the scales that load `at` lies under.
#[cube]
fn scaled(sum: f32, plain: f32, word: u32, at: usize, #[comptime] plan: MatVec) -> f32 {
    if comptime!(plan.kind == Kind::Q41) {
        half(word & 0xFFFF) * sum + half(word >> 16) * plain
    } else if comptime!(plan.kind == Kind::Q80) {
        half((word >> (at as u32 / 2 % 2 * 16)) & 0xFFFF) * sum
    } else {
        f32::reinterpret(word) * sum
    }
}

/// Four bits of a word.
#[cube]
fn nibble(word: u32, #[comptime] shift: u32) -> f32 {
    // Through i32: converting it is one instruction everywhere.
    f32::cast_from(i32::cast_from((word >> shift) & 15))
}

/// This lane's part of `b[row] . t`.
#[cube]
fn low_rank(
    b: &ComptimeOption<&[f32]>,
    t: &ComptimeOption<&[f32]>,
    row: usize,
    from: usize,
    lane: usize,
    #[comptime] plan: MatVec,
) -> f32 {
    let mut sum = 0.0f32;
    let rank = comptime!(plan.rank);
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
    sum
}

/// Sum over the lanes of a group, known to its first lane.
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
