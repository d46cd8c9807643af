//! What [`super::mat_mul`] multiplies, brought from memory into tiles of shared memory.
//!
//! A tile lies column by column, four rows to a vector. A unit's tasks are blocks of four rows by four columns.

use cubecl::prelude::*;

use super::plan::{Kind, MatMul, Prologue};
use crate::ops::lanes::{Vec4, half, signed_byte, silu, sum4};

/// Segment of an output row, see [`super::LowRank`].
#[cube]
pub(super) fn segment_of(row: usize, second: usize, third: usize) -> usize {
    usize::cast_from(second <= row) + usize::cast_from(third <= row)
}

/// One over the root mean square of every row of the tile.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn norm_scales<N: Size>(
    x: &[Vector<f32, N>],
    first_m: usize,
    m: usize,
    cols: usize,
    eps: f32,
    row_scales: &mut Shared<[f32]>,
    #[comptime] plan: MatMul,
) {
    let mut r = UNIT_POS_X as usize;
    while r < comptime!(4 * plan.tile_m) {
        let row = usize::min(first_m + r, m - 1);
        let mut squares = 0.0f32;
        if comptime!(plan.aligned) {
            for i in 0..cols / 4 {
                let v = quad_at::<N>(x, row, i, cols, plan);
                squares += sum4(v * v);
            }
        } else {
            for i in 0..cols {
                let v = x[row * cols + i].extract(0usize);
                squares += v * v;
            }
        }
        row_scales[r] = 1.0f32 / (squares / cols as f32 + eps).sqrt();
        r += comptime!(plan.threads());
    }
    sync_cube();
}

/// Four columns of a row of floats. Past its end they repeat, to meet zeros of the matrix: a branch would wait for the load.
#[cube]
fn quad_at<N: Size>(x: &[Vector<f32, N>], row: usize, quad: usize, cols: usize, #[comptime] plan: MatMul) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.aligned) {
        let loaded = x[row * (cols / 4) + usize::min(quad, cols / 4 - 1)];
        #[unroll]
        for i in 0..4usize {
            v.insert(i, loaded.extract(i));
        }
    } else {
        #[unroll]
        for i in 0..4usize {
            v.insert(i, x[row * cols + usize::min(quad * 4 + i, cols - 1)].extract(0usize));
        }
    }
    v
}

/// Writes four rows of four columns as four columns of four rows.
#[cube]
fn transpose(
    block: &Array<Vec4>,
    #[comptime] first: usize,
    tile: &mut Shared<[Vec4]>,
    at: usize,
    #[comptime] stride: usize,
) {
    #[unroll]
    for i in 0..4usize {
        let mut v = Vec4::new(0.0f32);
        #[unroll]
        for r in 0..4usize {
            v.insert(r, block[comptime!(first + r)].extract(i));
        }
        tile[at + i * stride] = v;
    }
}

/// Fills this unit's registers with its blocks of `x` at columns `4 * from ..`. Tasks are numbered through both tiles, `x` first.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn fetch_input<V: Size>(
    x: &[Vector<f32, V>],
    norm: &ComptimeOption<&[f32]>,
    row_scales: &Shared<[f32]>,
    held: &mut Array<Vec4>,
    from: usize,
    first_m: usize,
    m: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) {
    #[unroll]
    for i in 0..comptime!(plan.tasks()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        if task < comptime!(plan.depth * plan.tile_m) {
            let (quad, at) = (task % comptime!(plan.tile_m), from + task / comptime!(plan.tile_m));
            #[unroll]
            for r in 0..4usize {
                let local = quad * 4 + r;
                let row = usize::min(first_m + local, m - 1);
                held[comptime!(i * 4 + r)] = input_quad::<V>(x, norm, row_scales, row, local, at, cols, plan);
            }
        }
    }
}

/// The same for the matrix, as it is stored: nothing here waits for what memory answers.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn fetch_weight<N: Size>(
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    held: &mut Array<Vec4>,
    held_words: &mut Array<u32>,
    from: usize,
    first_row: usize,
    rows: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) {
    #[unroll]
    for i in 0..comptime!(plan.tasks()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        if task >= comptime!(plan.depth * plan.tile_m) && task < comptime!(plan.depth * (plan.tile_m + plan.tile_n)) {
            let task = task - comptime!(plan.depth * plan.tile_m);
            let (quad, at) = (task % comptime!(plan.tile_n), from + task / comptime!(plan.tile_n));
            #[unroll]
            for r in 0..4usize {
                let row = usize::min(first_row + quad * 4 + r, rows - 1);
                if comptime!(plan.kind == Kind::F32) {
                    held[comptime!(i * 4 + r)] = float_quad::<N>(words, row, at, cols, plan);
                } else {
                    let at = usize::min(at, cols / 4 - 1);
                    held_words[comptime!(i * 8 + r)] = words[word_at(row, at, cols, plan)].extract(0usize);
                    #[comptime]
                    match scales {
                        ComptimeOption::Some(scales) => {
                            held_words[comptime!(i * 8 + 4 + r)] = scales[scale_at(row, at, cols, plan)];
                        }
                        ComptimeOption::None => {}
                    }
                }
            }
        }
    }
}

/// Writes what was fetched for columns `4 * from ..` into the tiles, the matrix de-quantised, zeros past its last column.
#[cube]
pub(super) fn put(
    held: &Array<Vec4>,
    held_words: &Array<u32>,
    xs: &mut Shared<[Vec4]>,
    ws: &mut Shared<[Vec4]>,
    from: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    #[unroll]
    for i in 0..comptime!(plan.tasks()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let first = comptime!(i * 4);
        if task < comptime!(plan.depth * plan.tile_m) {
            transpose(
                held,
                first,
                xs,
                task / tile_m * comptime!(4 * plan.tile_m) + task % tile_m,
                tile_m,
            );
        } else if task < comptime!(plan.depth * (plan.tile_m + plan.tile_n)) {
            let task = task - comptime!(plan.depth * plan.tile_m);
            let (quad, k) = (task % tile_n, task / tile_n);
            let mut block = Array::<Vec4>::new(4usize);
            #[unroll]
            for r in 0..4usize {
                let mut v = held[comptime!(i * 4 + r)];
                if comptime!(plan.kind != Kind::F32) {
                    let (word, scale) = comptime!((i * 8 + r, i * 8 + 4 + r));
                    v = dequantise(held_words[word], held_words[scale], from + k, plan);
                }
                #[unroll]
                for j in 0..4usize {
                    v.insert(j, select((from + k) * 4 + j < cols, v.extract(j), 0.0f32));
                }
                block[r] = v;
            }
            transpose(&block, 0usize, ws, k * comptime!(4 * plan.tile_n) + quad, tile_n);
        }
    }
}

/// Four columns of a row of `x`, row `local` of the tile, after the prologue.
#[cube]
#[allow(clippy::too_many_arguments)]
fn input_quad<V: Size>(
    x: &[Vector<f32, V>],
    norm: &ComptimeOption<&[f32]>,
    row_scales: &Shared<[f32]>,
    row: usize,
    local: usize,
    at: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.prologue == Prologue::SwiGlu) {
        let gate = quad_at::<V>(x, row * 2, at, cols, plan);
        let up = quad_at::<V>(x, row * 2 + 1, at, cols, plan);
        #[unroll]
        for j in 0..4usize {
            v.insert(j, silu(gate.extract(j)) * up.extract(j));
        }
    } else {
        v = quad_at::<V>(x, row, at, cols, plan);
    }
    #[comptime]
    match norm {
        ComptimeOption::Some(weight) => {
            let scale = row_scales[local];
            #[unroll]
            for j in 0..4usize {
                let col = usize::min(at * 4 + j, cols - 1);
                v.insert(j, v.extract(j) * scale * weight[col]);
            }
        }
        ComptimeOption::None => {}
    }
    v
}

/// Four columns of an f32 matrix, whose words are the floats' bits; they repeat past its end.
#[cube]
fn float_quad<N: Size>(
    words: &[Vector<u32, N>],
    row: usize,
    quad: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.aligned) {
        let loaded = words[row * (cols / 4) + usize::min(quad, cols / 4 - 1)];
        #[unroll]
        for i in 0..4usize {
            v.insert(i, f32::reinterpret(loaded.extract(i)));
        }
    } else {
        #[unroll]
        for i in 0..4usize {
            let col = usize::min(quad * 4 + i, cols - 1);
            v.insert(i, f32::reinterpret(words[row * cols + col].extract(0usize)));
        }
    }
    v
}

/// The word that holds four columns of a quantized row.
#[cube]
fn word_at(row: usize, quad: usize, cols: usize, #[comptime] plan: MatMul) -> usize {
    if comptime!(plan.kind == Kind::Q41) {
        row * (cols / 8) + quad / 8 * 4 + quad % 4
    } else {
        row * (cols / 4) + quad
    }
}

/// The word that holds their scale.
#[cube]
fn scale_at(row: usize, quad: usize, cols: usize, #[comptime] plan: MatMul) -> usize {
    if comptime!(plan.kind == Kind::Q41) {
        row * (cols / 32) + quad / 8
    } else if comptime!(plan.kind == Kind::Q80) {
        row * ((cols / 32 + 1) / 2) + quad / 16
    } else {
        row
    }
}

/// Four values of a word.
#[cube]
fn dequantise(word: u32, scale: u32, quad: usize, #[comptime] plan: MatMul) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.kind == Kind::Q41) {
        let (d, m) = (half(scale & 0xFFFF), half(scale >> 16));
        let shift = quad as u32 / 4 % 2 * 4;
        #[unroll]
        for i in 0..4usize {
            let q = (word >> (shift + comptime!(8 * i as u32))) & 15;
            v.insert(i, d * f32::cast_from(i32::cast_from(q)) + m);
        }
    } else {
        let mut d = f32::reinterpret(scale);
        if comptime!(plan.kind == Kind::Q80) {
            d = half((scale >> (quad as u32 / 8 % 2 * 16)) & 0xFFFF);
        }
        #[unroll]
        for i in 0..4usize {
            v.insert(i, d * f32::cast_from(signed_byte(word, comptime!(i as u32))));
        }
    }
    v
}

/// `A x` of the tile's rows, all segments side by side in fours.
#[cube]
pub(super) fn load_low_t(
    t: &ComptimeOption<&[f32]>,
    xs: &mut Shared<[Vec4]>,
    from: usize,
    first_m: usize,
    m: usize,
    segments: usize,
    #[comptime] plan: MatMul,
) {
    let (tile, rank, quads) = comptime!((plan.tile_m, plan.rank, plan.rank.div_ceil(4)));
    let mut task = UNIT_POS_X as usize;
    while task < comptime!(plan.depth * plan.tile_m) {
        let (quad, k) = (task % tile, task / tile);
        let (segment, col) = ((from + k) / quads, (from + k) % quads * 4);
        let mut block = Array::<Vec4>::new(4usize);
        #[unroll]
        for r in 0..4usize {
            let row = usize::min(first_m + quad * 4 + r, m - 1);
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
            block[r] = v;
        }
        transpose(&block, 0usize, xs, k * comptime!(4 * plan.tile_m) + quad, tile);
        task += comptime!(plan.threads());
    }
}

/// `scale * B` of the tile's outputs, zero outside an output's own segment.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn load_low_b(
    b: &ComptimeOption<&[f32]>,
    ws: &mut Shared<[Vec4]>,
    from: usize,
    first_row: usize,
    rows: usize,
    second: usize,
    third: usize,
    scale: f32,
    #[comptime] plan: MatMul,
) {
    let (tile, rank, quads) = comptime!((plan.tile_n, plan.rank, plan.rank.div_ceil(4)));
    let mut task = UNIT_POS_X as usize;
    while task < comptime!(plan.depth * plan.tile_n) {
        let (quad, k) = (task % tile, task / tile);
        let (segment, col) = ((from + k) / quads, (from + k) % quads * 4);
        let mut block = Array::<Vec4>::new(4usize);
        #[unroll]
        for r in 0..4usize {
            let row = usize::min(first_row + quad * 4 + r, rows - 1);
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
            block[r] = v;
        }
        transpose(&block, 0usize, ws, k * comptime!(4 * plan.tile_n) + quad, tile);
        task += comptime!(plan.threads());
    }
}
