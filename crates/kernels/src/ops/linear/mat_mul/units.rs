//! The same product on a GPU's matrix units.
//!
//! A plane computes 32 x 32 outputs. Planes divide the tile among them, or its columns if
//! [`MatMul::groups`] is not 1. Products are added in f32. Factors are f16
//! ([`Products::HalfUnits`]), or TF32 in two parts each, `high + low` ([`Products::SplitUnits`]):
//! The sum `high * high + high * low + low * high` differs from the product of the floats by about
//! 2^-21 of it ("3xTF32").

use cubecl::cmma::{self, Matrix, MatrixIdent, MatrixLayout};
use cubecl::prelude::*;

use super::low_rank::{low_b_quad, low_t_quad, segment_of};
use super::tiles::quad_at;
use crate::ops::lanes::{Quad, Vec4, gelu};
use crate::ops::linear::Epilogue;
use crate::ops::linear::plan::{MatMul, Products};
use crate::weight;

/// `dst[m, row] = epilogue(w[row] . x[m] + bias + low rank)`; the grid and arguments as in
/// [`super::kernel`]. Tiles hold `E`.
#[cube(launch_unchecked)]
pub(in crate::ops::linear) fn kernel<E: Float, V: Size, N: Size, D: Size>(
    x: &[Vector<f32, V>],
    words: &[Vector<u32, N>],
    scales: ComptimeOption<&[u32]>,
    bias: ComptimeOption<&[f32]>,
    low_b: ComptimeOption<&[f32]>,
    low_t: ComptimeOption<&[f32]>,
    dst: &mut [Vector<f32, D>],
    m: usize,
    rows: usize,
    cols: usize,
    low_scale: f32,
    second: usize,
    third: usize,
    #[comptime] plan: MatMul,
) {
    let first_m = CUBE_POS_Y as usize * comptime!(4 * plan.tile_m);
    let first_row = CUBE_POS_X as usize * comptime!(4 * plan.tile_n);
    let mut xs = Shared::<[Quad<E>]>::new_aligned_slice(comptime!(plan.parts() * plan.part_m()), 128usize);
    let mut ws = Shared::<[Quad<E>]>::new_aligned_slice(comptime!(plan.parts() * plan.part_n()), 128usize);
    let mut held = Array::<Vec4>::new(comptime!(plan.unit_loads().0 + plan.unit_loads().1));
    let c00 = zeros(plan);
    let c01 = zeros(plan);
    let c10 = zeros(plan);
    let c11 = zeros(plan);

    // The next tiles move from memory into registers while the present ones are multiplied.
    fetch::<V, N>(
        x, words, &scales, &mut held, 0usize, first_m, first_row, m, rows, cols, plan,
    );
    let mut from = 0usize;
    while from * 4 < cols {
        put::<E>(&held, &mut xs, &mut ws, plan);
        sync_cube();
        from += comptime!(plan.depth);
        if from * 4 < cols {
            fetch::<V, N>(
                x, words, &scales, &mut held, from, first_m, first_row, m, rows, cols, plan,
            );
        }
        multiply::<E>(&xs, &ws, &c00, &c01, &c10, &c11, plan);
        sync_cube();
    }
    if comptime!(plan.rank > 0) {
        let segments = segment_of(rows - 1, second, third) + 1;
        let quads = comptime!(plan.rank.div_ceil(4));
        let last_row = usize::min(first_row + comptime!(4 * plan.tile_n), rows) - 1;
        // Only the segments that this tile's rows belong to; the bounds are the same for the whole
        // cube.
        let mut from = segment_of(first_row, second, third) * quads;
        let end = (segment_of(last_row, second, third) + 1) * quads;
        while from < end {
            fetch_low(
                &low_t, &low_b, &mut held, from, first_m, first_row, m, rows, segments, second, third, low_scale, plan,
            );
            put::<E>(&held, &mut xs, &mut ws, plan);
            sync_cube();
            multiply::<E>(&xs, &ws, &c00, &c01, &c10, &c11, plan);
            sync_cube();
            from += comptime!(plan.depth);
        }
    }
    let wide = comptime!(plan.tile_n + 1);
    let mut sums = Shared::<[Vec4]>::new_aligned_slice(comptime!(plan.groups * 4 * plan.tile_m * wide), 128usize);
    let (at_m, at_n, group) = place(plan);
    let at = (group * comptime!(4 * plan.tile_m) + at_m) * wide + at_n / 4;
    keep(&mut sums, &c00, at, wide);
    keep(&mut sums, &c01, at + 4, wide);
    keep(&mut sums, &c10, at + comptime!(16 * wide), wide);
    keep(&mut sums, &c11, at + comptime!(16 * wide) + 4, wide);
    sync_cube();
    store::<D>(&sums, &bias, dst, first_m, first_row, m, rows, plan);
}

/// First row, first output and group of this unit's plane.
#[cube]
fn place(#[comptime] plan: MatMul) -> (usize, usize, usize) {
    let plane = UNIT_POS_X as usize / 32;
    let planes_n = comptime!(plan.tile_n / 8);
    let planes = comptime!(plan.tile_m / 8 * planes_n);
    let tile = plane % planes;
    (tile / planes_n * 32, tile % planes_n * 32, plane / planes)
}

#[cube]
fn zeros(#[comptime] plan: MatMul) -> Matrix<f32> {
    Matrix::<f32>::from_value(
        MatrixIdent::Accumulator,
        16usize,
        16usize,
        comptime!(4 * plan.step()),
        MatrixLayout::Undefined,
        0.0f32,
    )
}

/// Adds this plane's part of the product of two tiles.
#[cube]
fn multiply<E: Float>(
    xs: &Shared<[Quad<E>]>,
    ws: &Shared<[Quad<E>]>,
    c00: &Matrix<f32>,
    c01: &Matrix<f32>,
    c10: &Matrix<f32>,
    c11: &Matrix<f32>,
    #[comptime] plan: MatMul,
) {
    let stride = comptime!(plan.padded());
    let (at_m, at_n, group) = place(plan);
    let steps = comptime!(plan.depth / plan.step() / plan.groups);
    #[unroll]
    for step in 0..steps {
        let k = (group * steps + step) * comptime!(plan.step());
        let (m0, n0) = (at_m * stride + k, at_n * stride + k);
        let (m1, n1) = (m0 + comptime!(16 * stride), n0 + comptime!(16 * stride));
        let a0 = left::<E>(xs, m0, plan);
        let a1 = left::<E>(xs, m1, plan);
        let b0 = right::<E>(ws, n0, plan);
        let b1 = right::<E>(ws, n1, plan);
        if comptime!(plan.parts() > 1) {
            // The small products first.
            let (low_m, low_n) = comptime!((plan.part_m(), plan.part_n()));
            let d0 = right::<E>(ws, n0 + low_n, plan);
            let d1 = right::<E>(ws, n1 + low_n, plan);
            four::<E>(&a0, &a1, &d0, &d1, c00, c01, c10, c11);
            let e0 = left::<E>(xs, m0 + low_m, plan);
            let e1 = left::<E>(xs, m1 + low_m, plan);
            four::<E>(&e0, &e1, &b0, &b1, c00, c01, c10, c11);
        }
        four::<E>(&a0, &a1, &b0, &b1, c00, c01, c10, c11);
    }
}

#[cube]
fn four<E: Float>(
    a0: &Matrix<E>,
    a1: &Matrix<E>,
    b0: &Matrix<E>,
    b1: &Matrix<E>,
    c00: &Matrix<f32>,
    c01: &Matrix<f32>,
    c10: &Matrix<f32>,
    c11: &Matrix<f32>,
) {
    cmma::execute(a0, b0, c00, c00);
    cmma::execute(a0, b1, c01, c01);
    cmma::execute(a1, b0, c10, c10);
    cmma::execute(a1, b1, c11, c11);
}

/// Sixteen rows of `x` and a step of columns.
#[cube]
fn left<E: Float>(tile: &Shared<[Quad<E>]>, at: usize, #[comptime] plan: MatMul) -> Matrix<E> {
    let (stride, step) = comptime!((plan.padded(), plan.step()));
    // SAFETY: loaded in the next line.
    let mut matrix = unsafe {
        Matrix::<E>::uninitialized(
            MatrixIdent::A,
            16usize,
            16usize,
            comptime!(4 * step),
            MatrixLayout::RowMajor,
        )
    };
    cmma::load(
        &mut matrix,
        &tile[at..at + comptime!(15 * stride + step)],
        comptime!(4 * stride as u32),
    );
    matrix
}

/// A step of columns and sixteen outputs.
#[cube]
fn right<E: Float>(tile: &Shared<[Quad<E>]>, at: usize, #[comptime] plan: MatMul) -> Matrix<E> {
    let (stride, step) = comptime!((plan.padded(), plan.step()));
    // SAFETY: loaded in the next line.
    let mut matrix = unsafe {
        Matrix::<E>::uninitialized(
            MatrixIdent::B,
            16usize,
            16usize,
            comptime!(4 * step),
            MatrixLayout::ColMajor,
        )
    };
    cmma::load(
        &mut matrix,
        &tile[at..at + comptime!(15 * stride + step)],
        comptime!(4 * stride as u32),
    );
    matrix
}

/// Sixteen by sixteen sums into shared memory.
#[cube]
fn keep(sums: &mut Shared<[Vec4]>, matrix: &Matrix<f32>, at: usize, #[comptime] wide: usize) {
    cmma::store(
        &mut sums[at..at + comptime!(15 * wide + 4)],
        matrix,
        comptime!(4 * wide as u32),
        MatrixLayout::RowMajor,
    );
}

/// Fills this unit's registers with its fours of the tiles at columns `4 * from ..`, neighbouring
/// units along a row.
#[cube]
fn fetch<V: Size, N: Size>(
    x: &[Vector<f32, V>],
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    held: &mut Array<Vec4>,
    from: usize,
    first_m: usize,
    first_row: usize,
    m: usize,
    rows: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) {
    let (of_x, of_w) = comptime!(plan.unit_loads());
    #[unroll]
    for i in 0..of_x {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let row = usize::min(first_m + task / comptime!(plan.depth), m - 1);
        held[i] = quad_at::<V>(x, row, from + task % comptime!(plan.depth), cols, plan);
    }
    #[unroll]
    for i in 0..of_w {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let row = usize::min(first_row + task / comptime!(plan.depth), rows - 1);
        held[comptime!(of_x + i)] = weight::quad::<N>(
            words,
            scales,
            row,
            from + task % comptime!(plan.depth),
            cols,
            comptime!(plan.aligned),
            comptime!(plan.format),
        );
    }
}

/// The same of an adapter.
#[cube]
fn fetch_low(
    t: &ComptimeOption<&[f32]>,
    b: &ComptimeOption<&[f32]>,
    held: &mut Array<Vec4>,
    from: usize,
    first_m: usize,
    first_row: usize,
    m: usize,
    rows: usize,
    segments: usize,
    second: usize,
    third: usize,
    scale: f32,
    #[comptime] plan: MatMul,
) {
    let (of_x, of_w) = comptime!(plan.unit_loads());
    #[unroll]
    for i in 0..of_x {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let row = usize::min(first_m + task / comptime!(plan.depth), m - 1);
        held[i] = low_t_quad(t, row, from + task % comptime!(plan.depth), segments, plan);
    }
    #[unroll]
    for i in 0..of_w {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let row = usize::min(first_row + task / comptime!(plan.depth), rows - 1);
        let at = from + task % comptime!(plan.depth);
        held[comptime!(of_x + i)] = low_b_quad(b, row, at, second, third, scale, plan);
    }
}

/// Writes the fetched fours into the tiles.
#[cube]
fn put<E: Float>(held: &Array<Vec4>, xs: &mut Shared<[Quad<E>]>, ws: &mut Shared<[Quad<E>]>, #[comptime] plan: MatMul) {
    let (of_x, of_w) = comptime!(plan.unit_loads());
    let (depth, stride) = comptime!((plan.depth, plan.padded()));
    #[unroll]
    for i in 0..of_x {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        put_parts::<E>(
            held[i],
            xs,
            task / depth * stride + task % depth,
            comptime!(plan.part_m()),
            plan,
        );
    }
    #[unroll]
    for i in 0..of_w {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let at = task / depth * stride + task % depth;
        put_parts::<E>(held[comptime!(of_x + i)], ws, at, comptime!(plan.part_n()), plan);
    }
}

/// The high part, and the remainder.
#[cube]
fn put_parts<E: Float>(
    v: Vec4,
    tile: &mut Shared<[Quad<E>]>,
    at: usize,
    #[comptime] part: usize,
    #[comptime] plan: MatMul,
) {
    let high = Quad::<E>::cast_from(v);
    tile[at] = high;
    if comptime!(plan.products == Products::SplitUnits) {
        tile[at + part] = Quad::<E>::cast_from(v - Vec4::cast_from(high));
    }
}

/// Sum of the groups, bias, epilogue and store, neighbouring units along a row.
#[cube]
fn store<D: Size>(
    sums: &Shared<[Vec4]>,
    bias: &ComptimeOption<&[f32]>,
    dst: &mut [Vector<f32, D>],
    first_m: usize,
    first_row: usize,
    m: usize,
    rows: usize,
    #[comptime] plan: MatMul,
) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    let wide = comptime!(tile_n + 1);
    #[unroll]
    for i in 0..comptime!(4 * tile_m * tile_n / plan.threads()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let (local, quad) = (task / tile_n, task % tile_n);
        let (at_m, row) = (first_m + local, first_row + quad * 4);
        let mut sum = sums[local * wide + quad];
        #[unroll]
        for group in 1..comptime!(plan.groups) {
            sum += sums[(comptime!(group * 4 * tile_m) + local) * wide + quad];
        }
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
