//! ggml's Q4_1: `d * q + m` in blocks of 32 values, four bits each.
//!
//! A block of the file is `f16 d, f16 m, u8[16]`. Byte `j` holds value `j` in its low and value
//! `j + 16` in its high half. On the device a row has four words of values per block, in the file's
//! order, and one word of scales: `d` in the low half, `m` in the high one.

use cubecl::prelude::*;

use super::linear::Linear;
use super::planes::{Planes, check, check_blocks, word};
use super::rows::{BLOCK, HostRow, LANES, Vector as HostVector, bytes, half_of, quick_half};
use super::stored::{Format, Stored, StoredOnGpu, scale_word};
use crate::ops::lanes::{Vec4, half, sum4};
use crate::{Device, Result};

/// Number of bytes in a block.
const BYTES: usize = 20;

/// A load is one block of 32 values.
const SHADER: &str = "
const SPAN: u32 = 8u; // fours of x per load

fn nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>((vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u)));
}

// Adds load `load` of each of this invocation's outputs; its part of x starts at `at`.
fn add_load(at: u32, load: u32, first: u32, sums: ptr<function, array<f32, REPEAT>>) {
    let l0 = staged[at];
    let l1 = staged[at + 1u];
    let l2 = staged[at + 2u];
    let l3 = staged[at + 3u];
    let h0 = staged[at + 4u];
    let h1 = staged[at + 5u];
    let h2 = staged[at + 6u];
    let h3 = staged[at + 7u];
    let plain = dot(l0 + l1 + l2 + l3 + h0 + h1 + h2 + h3, vec4<f32>(1.0));
    for (var r = 0u; r < REPEAT; r++) {
        let block = min(first + r * GROUPS, info.rows - 1u) * LOADS + load;
        let w = words[block];
        let dm = unpack2x16float(scales[block]);
        let low = dot(nibbles(w.x), l0) + dot(nibbles(w.y), l1) + dot(nibbles(w.z), l2) + dot(nibbles(w.w), l3);
        let high = dot(nibbles(w.x >> 4u), h0) + dot(nibbles(w.y >> 4u), h1)
            + dot(nibbles(w.z >> 4u), h2) + dot(nibbles(w.w >> 4u), h3);
        (*sums)[r] += dm.x * (low + high) + dm.y * plain;
    }
}
";

pub(super) struct Q4_1;

impl Format {
    /// ggml's Q4_1, `d * q + m` in blocks of 32 values.
    pub const Q4_1: Self = Self::of::<Q4_1>();
}

impl Linear {
    /// From the bytes of one or more GGUF Q4_1 tensors of equal width, stacked by rows. `size` is
    /// `[rows, cols]` of the stack.
    ///
    /// # Errors
    /// [`KernelError`](crate::KernelError) if the bytes have another length, or if `cols` is not a
    /// multiple of 32.
    pub fn q4_1(device: &Device, size: [usize; 2], tensors: &[&[u8]]) -> Result<Self> {
        planes(size, tensors)?.upload(device, Format::Q4_1, None)
    }
}

fn planes(size: [usize; 2], tensors: &[&[u8]]) -> Result<Planes<'static>> {
    let [rows, cols] = size;
    let found: usize = tensors.iter().map(|t| t.len()).sum();
    let blocks = rows * cols / BLOCK;
    check_blocks("Q4_1 weight", cols)?;
    check("Q4_1 weight", found, [rows, cols / BLOCK, BYTES])?;
    let (mut words, mut scales) = (Vec::with_capacity(blocks * 4), Vec::with_capacity(blocks));
    for block in tensors.iter().flat_map(|t| t.chunks_exact(BYTES)) {
        scales.push(word(&block[..4]));
        words.extend(block[4..].chunks_exact(4).map(word));
    }
    Ok(Planes {
        words: words.into(),
        scales,
        size,
    })
}

impl Stored for Q4_1 {
    const NAME: &'static str = "q4_1";
    const PER_WORD: usize = 8;
    const FOR_ENCODERS: bool = false;
    const SHADER: Option<&'static str> = Some(SHADER);
    #[cfg(feature = "suite")]
    const ODD_SIZES: &'static [(usize, usize)] = &[(3, 32), (70, 96)];

    fn scale_words(cols: usize) -> usize {
        cols / BLOCK
    }

    fn plain(row: HostRow<'_>, out: &mut [f32]) {
        let blocks = out.chunks_exact_mut(BLOCK).zip(row.words.chunks_exact(4));
        for ((block, words), &scale) in blocks.zip(row.scales) {
            let (d, m) = (half_of(scale, 0), half_of(scale, 1));
            for (j, word) in words.iter().enumerate() {
                for (i, byte) in word.to_le_bytes().into_iter().enumerate() {
                    block[j * 4 + i] = d * f32::from(byte & 15) + m;
                    block[16 + j * 4 + i] = d * f32::from(byte >> 4) + m;
                }
            }
        }
    }

    #[inline(always)]
    fn expand(row: HostRow<'_>, out: &mut [f32]) {
        let blocks = out.chunks_exact_mut(BLOCK).zip(row.words.chunks_exact(4));
        for ((out, words), &scale) in blocks.zip(row.scales) {
            let (d, m) = (quick_half(scale), quick_half(scale >> 16));
            let q: [u8; 16] = bytes::<4, 16>(words);
            let (low, high) = out.split_at_mut(16);
            for j in 0..16 {
                low[j] = d * (i32::from(q[j] & 15) as f32) + m;
                high[j] = d * (i32::from(q[j] >> 4) as f32) + m;
            }
        }
    }

    /// `sum over blocks of d * (q . x) + m * sum(x)`.
    #[inline(always)]
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32 {
        let (mut sums, mut offset) = ([0.0f32; LANES], 0.0);
        let blocks = row
            .words
            .chunks_exact(4)
            .zip(row.scales)
            .zip(vector.x.chunks_exact(BLOCK))
            .zip(&vector.sums);
        for (((words, &scale), x), sum) in blocks {
            let d = quick_half(scale);
            offset += quick_half(scale >> 16) * sum;
            let q: [u8; 16] = bytes::<4, 16>(words);
            for j in 0..LANES {
                let low = i32::from(q[j] & 15) as f32;
                let high = i32::from(q[j] >> 4) as f32;
                sums[j] += d * (low * x[j] + high * x[16 + j]);
            }
        }
        sums.iter().sum::<f32>() + offset
    }

    #[cfg(feature = "suite")]
    fn sample(size: [usize; 2], seed: u32) -> Result<Planes<'static>> {
        use super::rows::sample::{block_scale, bytes_of};
        use ::half::f16;
        let [rows, cols] = size;
        let (blocks, amplitude) = (rows * cols / BLOCK, 2.0 / (cols as f32).sqrt());
        let (scales, quants) = (
            crate::hashed::hash_vec(blocks, seed, 1.0),
            bytes_of(rows * cols / 2, seed + 1),
        );
        let mut file = Vec::with_capacity(blocks * BYTES);
        for (block, (v, quants)) in scales.iter().zip(quants.chunks_exact(16)).enumerate() {
            let d = block_scale(block, *v) * amplitude / 8.0;
            file.extend(f16::from_f32(d).to_le_bytes());
            file.extend(f16::from_f32(-7.5 * d * (1.0 + 0.1 * v)).to_le_bytes());
            file.extend(quants);
        }
        planes(size, &[&file])
    }
}

#[cube]
impl StoredOnGpu for Q4_1 {
    // A load is a whole block.
    fn load_scale(row: usize, at: usize, #[comptime] cols: usize) -> usize {
        row * comptime!(cols / BLOCK) + at
    }

    fn load_dot<N: Size>(
        words: Vector<u32, N>,
        scale: u32,
        staged: &Shared<[Vec4]>,
        from: usize,
        _at: usize,
        #[comptime] width: usize,
    ) -> f32 {
        let mut sum = 0.0f32;
        let mut plain = 0.0f32;
        #[unroll]
        for j in 0..width {
            let word = words.extract(j);
            let (low, high) = (staged[from + j], staged[from + 4 + j]);
            #[unroll]
            for i in 0..4usize {
                sum += nibble(word, comptime!(8 * i as u32)) * low.extract(i);
                sum += nibble(word, comptime!(8 * i as u32 + 4)) * high.extract(i);
            }
            plain += sum4(low) + sum4(high);
        }
        half(scale & 0xFFFF) * sum + half(scale >> 16) * plain
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
            let word = words[row * (cols / 8) + at / 8 * 4 + at % 4].extract(0usize);
            let scale = scale_word(scales, row * (cols / 32) + at / 8);
            let (d, m) = (half(scale & 0xFFFF), half(scale >> 16));
            let shift = at as u32 / 4 % 2 * 4;
            #[unroll]
            for i in 0..4usize {
                let q = (word >> (shift + comptime!(8 * i as u32))) & 15;
                v.insert(i, d * f32::cast_from(i32::cast_from(q)) + m);
            }
        }
        v
    }

    fn value(words: &[u32], scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32 {
        let block = row * (cols / 32) + col / 32;
        let scale = scale_word(scales, block);
        let word = words[block * 4 + col % 16 / 4];
        let q = (word >> (col as u32 % 4 * 8 + col as u32 / 16 % 2 * 4)) & 15;
        half(scale & 0xFFFF) * f32::cast_from(i32::cast_from(q)) + half(scale >> 16)
    }
}

/// Four bits of a word.
#[cube]
fn nibble(word: u32, #[comptime] shift: u32) -> f32 {
    // Through i32: converting it is one instruction everywhere.
    f32::cast_from(i32::cast_from((word >> shift) & 15))
}
