//! ggml's Q8_0: `d * q` in blocks of 32 values, one signed byte each.
//!
//! A block of the file is `f16 d, i8[32]`. On the device a row has eight words of values per block,
//! four bytes each, the lowest first. Two blocks share a word of scales: `d` of the first in the
//! low half. A row with an odd number of blocks leaves its last half empty.

#![allow(
    clippy::manual_div_ceil,
    reason = "kernels are written in the subset of Rust that CubeCL expands"
)]

use cubecl::prelude::*;

use super::linear::Linear;
use super::planes::{Planes, check, check_blocks, word};
use super::rows::{BLOCK, HostRow, LANES, Vector as HostVector, bytes, half_of, quick_half, unpack_bytes};
use super::stored::{Format, Stored, StoredOnGpu, bytes_dot, bytes_quad, scale_word};
use crate::ops::lanes::{Vec4, half, signed_byte};
use crate::{Device, Result};

/// Number of bytes in a block.
const BYTES: usize = 34;

/// A load is half a block, 16 values.
const SHADER: &str = "
const SPAN: u32 = 4u; // fours of x per load
const PAIRS: u32 = (LOADS + 3u) / 4u; // words of scales per row

fn bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

// Adds load `load` of each of this invocation's outputs; its part of x starts at `at`.
fn add_load(at: u32, load: u32, first: u32, sums: ptr<function, array<f32, REPEAT>>) {
    let x0 = staged[at];
    let x1 = staged[at + 1u];
    let x2 = staged[at + 2u];
    let x3 = staged[at + 3u];
    for (var r = 0u; r < REPEAT; r++) {
        let row = min(first + r * GROUPS, info.rows - 1u);
        let w = words[row * LOADS + load];
        let pair = unpack2x16float(scales[row * PAIRS + load / 4u]);
        let d = select(pair.x, pair.y, load / 2u % 2u == 1u);
        (*sums)[r] += d * (dot(bytes(w.x), x0) + dot(bytes(w.y), x1) + dot(bytes(w.z), x2) + dot(bytes(w.w), x3));
    }
}
";

pub(super) struct Q8_0;

impl Format {
    /// ggml's Q8_0, `d * q` in blocks of 32 values.
    pub const Q8_0: Self = Self::of::<Q8_0>();
}

impl Linear {
    /// From the bytes of a GGUF Q8_0 tensor of this size, `[rows, cols]`.
    ///
    /// # Errors
    /// [`KernelError`](crate::KernelError) if the bytes have another length, or if `cols` is not a
    /// multiple of 32.
    pub fn q8_0(device: &Device, size: [usize; 2], file: &[u8]) -> Result<Self> {
        planes(size, file)?.upload(device, Format::Q8_0, None)
    }
}

fn planes(size: [usize; 2], file: &[u8]) -> Result<Planes<'static>> {
    let [rows, cols] = size;
    check_blocks("Q8_0 weight", cols)?;
    check("Q8_0 weight", file.len(), [rows, cols / BLOCK, BYTES])?;
    let per_row = cols / BLOCK;
    let mut words = Vec::with_capacity(rows * cols / 4);
    let mut scales = Vec::with_capacity(rows * per_row.div_ceil(2));
    for row in file.chunks_exact(per_row * BYTES) {
        for pair in row.chunks(2 * BYTES) {
            let high = pair.get(BYTES..BYTES + 2).unwrap_or(&[0, 0]);
            scales.push(u32::from_le_bytes([pair[0], pair[1], high[0], high[1]]));
        }
        for block in row.chunks_exact(BYTES) {
            words.extend(block[2..].chunks_exact(4).map(word));
        }
    }
    Ok(Planes {
        words: words.into(),
        scales,
        size,
    })
}

impl Stored for Q8_0 {
    const NAME: &'static str = "q8_0";
    const PER_WORD: usize = 4;
    const FOR_ENCODERS: bool = false;
    const SHADER: Option<&'static str> = Some(SHADER);
    // The last one has an odd number of blocks in a row.
    #[cfg(feature = "suite")]
    const ODD_SIZES: &'static [(usize, usize)] = &[(1, 32), (70, 160)];

    fn scale_words(cols: usize) -> usize {
        (cols / BLOCK).div_ceil(2)
    }

    fn plain(row: HostRow<'_>, out: &mut [f32]) {
        unpack_bytes(row.words, out);
        for (block, values) in out.chunks_exact_mut(BLOCK).enumerate() {
            let d = half_of(row.scales[block / 2], block % 2);
            values.iter_mut().for_each(|v| *v *= d);
        }
    }

    #[inline(always)]
    fn expand(row: HostRow<'_>, out: &mut [f32]) {
        unpack_bytes(row.words, out);
        for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
            let d = quick_half(row.scales[block / 2] >> (16 * (block % 2)));
            out.iter_mut().for_each(|v| *v *= d);
        }
    }

    #[inline(always)]
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32 {
        let mut sums = [0.0f32; LANES];
        let blocks = row.words.chunks_exact(8).zip(vector.x.chunks_exact(BLOCK));
        for (block, (words, x)) in blocks.enumerate() {
            let d = quick_half(row.scales[block / 2] >> (16 * (block % 2)));
            let q: [u8; 32] = bytes::<8, 32>(words);
            for j in 0..LANES {
                let low = i32::from(q[j] as i8) as f32;
                let high = i32::from(q[16 + j] as i8) as f32;
                sums[j] += d * (low * x[j] + high * x[16 + j]);
            }
        }
        sums.iter().sum()
    }

    #[cfg(feature = "suite")]
    fn sample(size: [usize; 2], seed: u32) -> Result<Planes<'static>> {
        use super::rows::sample::{block_scale, bytes_of};
        use ::half::f16;
        let [rows, cols] = size;
        let (blocks, amplitude) = (rows * cols / BLOCK, 2.0 / (cols as f32).sqrt());
        let (scales, quants) = (
            crate::hashed::hash_vec(blocks, seed, 1.0),
            bytes_of(rows * cols, seed + 1),
        );
        let mut file = Vec::with_capacity(blocks * BYTES);
        for (block, (v, quants)) in scales.iter().zip(quants.chunks_exact(BLOCK)).enumerate() {
            file.extend(f16::from_f32(block_scale(block, *v) * amplitude / 127.0).to_le_bytes());
            file.extend(quants);
        }
        planes(size, &file)
    }
}

#[cube]
impl StoredOnGpu for Q8_0 {
    // A load is half a block, and two blocks share a word.
    fn load_scale(row: usize, at: usize, #[comptime] cols: usize) -> usize {
        row * comptime!((cols / BLOCK).div_ceil(2)) + at / 4
    }

    fn load_dot<N: Size>(
        words: Vector<u32, N>,
        scale: u32,
        staged: &Shared<[Vec4]>,
        from: usize,
        at: usize,
        #[comptime] width: usize,
    ) -> f32 {
        half((scale >> (at as u32 / 2 % 2 * 16)) & 0xFFFF) * bytes_dot::<N>(words, staged, from, width)
    }

    fn quad<N: Size>(
        words: &[Vector<u32, N>],
        scales: &ComptimeOption<&[u32]>,
        row: usize,
        at: usize,
        cols: usize,
        #[comptime] _aligned: bool,
    ) -> Vec4 {
        let mut v = Vec4::new(0.0f32);
        if at * 4 < cols {
            let word = words[row * (cols / 4) + at].extract(0usize);
            let scale = scale_word(scales, row * ((cols / 32 + 1) / 2) + at / 16);
            v = bytes_quad(word, half((scale >> (at as u32 / 8 % 2 * 16)) & 0xFFFF));
        }
        v
    }

    fn value(words: &[u32], scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32 {
        let block = col / 32;
        let pair = scale_word(scales, row * ((cols / 32 + 1) / 2) + block / 2);
        let d = half((pair >> (block as u32 % 2 * 16)) & 0xFFFF);
        let word = words[(row * cols + col) / 4];
        d * f32::cast_from(signed_byte(word, col as u32 % 4))
    }
}
