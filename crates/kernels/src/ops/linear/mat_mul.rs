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
use super::plan::{Kind, MatMul, Prologue};
use crate::ops::lanes::{Vec4, gelu, half, signed_byte, silu, sum4};

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
    fetch::<V, N>(
        x,
        &norm,
        words,
        &scales,
        &row_scales,
        &mut held,
        0,
        first_m,
        first_row,
        m,
        rows,
        cols,
        plan,
    );
    let mut from = 0usize;
    while from * 4 < cols {
        put(&held, &mut xs, &mut ws, plan);
        sync_cube();
        from += comptime!(plan.depth);
        if from * 4 < cols {
            fetch::<V, N>(
                x,
                &norm,
                words,
                &scales,
                &row_scales,
                &mut held,
                from,
                first_m,
                first_row,
                m,
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

/// Segment of an output row, see [`super::LowRank`].
#[cube]
fn segment_of(row: usize, second: usize, third: usize) -> usize {
    usize::cast_from(second <= row) + usize::cast_from(third <= row)
}

/// One over the root mean square of every row of the tile.
#[cube]
#[allow(clippy::too_many_arguments)]
fn norm_scales<N: Size>(
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
        let mut squares = Vec4::new(0.0f32);
        for i in 0..(cols + 3) / 4 {
            let v = quad_at::<N>(x, row, i, cols, plan);
            squares += v * v;
        }
        row_scales[r] = 1.0f32 / (sum4(squares) / cols as f32 + eps).sqrt();
        r += comptime!(plan.threads());
    }
    sync_cube();
}

/// Four columns of a row of floats, zeros past its end.
#[cube]
fn quad_at<N: Size>(x: &[Vector<f32, N>], row: usize, quad: usize, cols: usize, #[comptime] plan: MatMul) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.aligned) {
        if quad * 4 < cols {
            let loaded = x[row * (cols / 4) + quad];
            #[unroll]
            for i in 0..4usize {
                v.insert(i, loaded.extract(i));
            }
        }
    } else {
        #[unroll]
        for i in 0..4usize {
            if quad * 4 + i < cols {
                v.insert(i, x[row * cols + quad * 4 + i].extract(0usize));
            }
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

/// Fills this unit's registers with its blocks of the tiles at columns `4 * from ..`: first those of `x`, then the matrix's.
#[cube]
#[allow(clippy::too_many_arguments)]
fn fetch<V: Size, N: Size>(
    x: &[Vector<f32, V>],
    norm: &ComptimeOption<&[f32]>,
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    row_scales: &Shared<[f32]>,
    held: &mut Array<Vec4>,
    from: usize,
    first_m: usize,
    first_row: usize,
    m: usize,
    rows: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    #[unroll]
    for i in 0..comptime!(plan.tasks()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        if task < comptime!(plan.depth * plan.tile_m) {
            let (quad, at) = (task % tile_m, from + task / tile_m);
            #[unroll]
            for r in 0..4usize {
                let local = quad * 4 + r;
                let row = usize::min(first_m + local, m - 1);
                held[comptime!(i * 4 + r)] = input_quad::<V>(x, norm, row_scales, row, local, at, cols, plan);
            }
        } else if task < comptime!(plan.depth * (plan.tile_m + plan.tile_n)) {
            let task = task - comptime!(plan.depth * plan.tile_m);
            let (quad, at) = (task % tile_n, from + task / tile_n);
            #[unroll]
            for r in 0..4usize {
                let row = usize::min(first_row + quad * 4 + r, rows - 1);
                held[comptime!(i * 4 + r)] = weight_quad::<N>(words, scales, row, at, cols, plan);
            }
        }
    }
}

/// Writes what [`fetch`] brought into the tiles.
#[cube]
fn put(held: &Array<Vec4>, xs: &mut Shared<[Vec4]>, ws: &mut Shared<[Vec4]>, #[comptime] plan: MatMul) {
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
            transpose(
                held,
                first,
                ws,
                task / tile_n * comptime!(4 * plan.tile_n) + task % tile_n,
                tile_n,
            );
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

/// Four columns of a row of the matrix, de-quantised; zeros past its end.
#[cube]
fn weight_quad<N: Size>(
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    row: usize,
    at: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) -> Vec4 {
    let mut v = Vec4::new(0.0f32);
    if comptime!(plan.kind == Kind::F32) {
        v = float_quad::<N>(words, row, at, cols, plan);
    } else if at * 4 < cols {
        #[comptime]
        match scales {
            ComptimeOption::Some(scales) => {
                let word = words[word_at(row, at, cols, plan)].extract(0usize);
                let scale = scales[scale_at(row, at, cols, plan)];
                v = dequantise(word, scale, at, plan);
            }
            ComptimeOption::None => {}
        }
    }
    v
}

/// Four columns of an f32 matrix, whose words are the floats' bits.
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
        if quad * 4 < cols {
            let loaded = words[row * (cols / 4) + quad];
            #[unroll]
            for i in 0..4usize {
                v.insert(i, f32::reinterpret(loaded.extract(i)));
            }
        }
    } else {
        #[unroll]
        for i in 0..4usize {
            if quad * 4 + i < cols {
                v.insert(i, f32::reinterpret(words[row * cols + quad * 4 + i].extract(0usize)));
            }
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
fn load_low_t(
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
fn load_low_b(
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
