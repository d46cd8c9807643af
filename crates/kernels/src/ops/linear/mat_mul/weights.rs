//! Four columns of a matrix as floats, for every stored format.

use cubecl::prelude::*;

use crate::ops::lanes::{Vec4, half, signed_byte};
use crate::ops::linear::plan::{Kind, MatMul};

/// Four columns of a row of the matrix, de-quantised; zeros past its end.
#[cube]
pub(super) fn weight_quad<N: Size>(
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
