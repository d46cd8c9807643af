//! The way of tiles from memory to shared memory: fetched into registers, then written to tiles
//! while the earlier ones are multiplied.

use cubecl::prelude::*;

use crate::ops::lanes::{Quad, Vec4, silu, sum4};
use crate::ops::linear::plan::{MatMul, Prologue};
use crate::weight;

/// The place of a tile in the product, and the sizes of the product.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Tile {
    /// First row of `x`.
    pub(super) first_m: usize,
    /// First output.
    pub(super) first_row: usize,
    /// Number of rows of `x`.
    pub(super) m: usize,
    /// Number of outputs.
    pub(super) rows: usize,
    /// Number of columns.
    pub(super) cols: usize,
}

/// The tile of this cube: `CUBE_POS_X` counts tiles of outputs, `CUBE_POS_Y` of rows.
#[cube]
pub(super) fn this_tile(m: usize, rows: usize, cols: usize, #[comptime] plan: MatMul) -> Tile {
    Tile {
        first_m: CUBE_POS_Y as usize * comptime!(4 * plan.tile_m),
        first_row: CUBE_POS_X as usize * comptime!(4 * plan.tile_n),
        m,
        rows,
        cols,
    }
}

/// One over the root mean square of every row of the tile.
#[cube]
pub(super) fn norm_scales<N: Size>(
    x: &[Vector<f32, N>],
    tile: &Tile,
    eps: f32,
    row_scales: &mut Shared<[f32]>,
    #[comptime] plan: MatMul,
) {
    let cols = tile.cols;
    let mut r = UNIT_POS_X as usize;
    while r < comptime!(4 * plan.tile_m) {
        let row = usize::min(tile.first_m + r, tile.m - 1);
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
pub(super) fn quad_at<N: Size>(
    x: &[Vector<f32, N>],
    row: usize,
    quad: usize,
    cols: usize,
    #[comptime] plan: MatMul,
) -> Vec4 {
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

/// Writes four rows of four columns as four columns of four rows, in the tile's precision.
#[cube]
pub(super) fn transpose<E: Float>(
    block: &Array<Vec4>,
    #[comptime] first: usize,
    tile: &mut Shared<[Quad<E>]>,
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
        tile[at + i * stride] = Quad::<E>::cast_from(v);
    }
}

/// Fills this unit's registers with its blocks of the tiles at columns `4 * from ..`: first those
/// of `x`, then the matrix's.
#[cube]
pub(super) fn fetch<V: Size, N: Size>(
    x: &[Vector<f32, V>],
    norm: &ComptimeOption<&[f32]>,
    words: &[Vector<u32, N>],
    scales: &ComptimeOption<&[u32]>,
    row_scales: &Shared<[f32]>,
    held: &mut Array<Vec4>,
    from: usize,
    at_tile: &Tile,
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
                let row = usize::min(at_tile.first_m + local, at_tile.m - 1);
                held[comptime!(i * 4 + r)] = input_quad::<V>(x, norm, row_scales, row, local, at, at_tile.cols, plan);
            }
        } else if task < comptime!(plan.depth * (plan.tile_m + plan.tile_n)) {
            let task = task - comptime!(plan.depth * plan.tile_m);
            let (quad, at) = (task % tile_n, from + task / tile_n);
            #[unroll]
            for r in 0..4usize {
                let row = usize::min(at_tile.first_row + quad * 4 + r, at_tile.rows - 1);
                held[comptime!(i * 4 + r)] = weight::quad::<N>(
                    words,
                    scales,
                    row,
                    at,
                    at_tile.cols,
                    comptime!(plan.aligned),
                    comptime!(plan.format),
                );
            }
        }
    }
}

/// Writes the blocks that [`fetch`] loaded into the tiles.
#[cube]
pub(super) fn put<E: Float>(
    held: &Array<Vec4>,
    xs: &mut Shared<[Quad<E>]>,
    ws: &mut Shared<[Quad<E>]>,
    #[comptime] plan: MatMul,
) {
    let (tile_m, tile_n) = comptime!((plan.tile_m, plan.tile_n));
    #[unroll]
    for i in 0..comptime!(plan.tasks()) {
        let task = UNIT_POS_X as usize + comptime!(i * plan.threads());
        let first = comptime!(i * 4);
        if task < comptime!(plan.depth * plan.tile_m) {
            transpose::<E>(
                held,
                first,
                xs,
                task / tile_m * comptime!(4 * plan.tile_m) + task % tile_m,
                tile_m,
            );
        } else if task < comptime!(plan.depth * (plan.tile_m + plan.tile_n)) {
            let task = task - comptime!(plan.depth * plan.tile_m);
            transpose::<E>(
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
