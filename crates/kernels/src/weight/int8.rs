//! Signed bytes, symmetric: `q * scale[row]`.
//!
//! A word holds four bytes, the lowest first. Rows are padded with zeros to a multiple of four
//! columns. The plane of scales has one float per row.

use cubecl::prelude::*;

use super::host::{HostRow, LANES, Vector as HostVector, bytes, unpack_bytes};
use super::linear::{Planes, check};
use super::{Format, Linear, Stored, StoredOnGpu, scale_word};
use crate::ops::lanes::{Vec4, signed_byte};
use crate::{Device, Result};

pub(super) struct Int8;

impl Linear {
    /// From `[rows, cols]` signed bytes and one scale per row. Columns are padded with zeros to a
    /// multiple of 4.
    ///
    /// # Errors
    /// [`KernelError::Shape`](crate::KernelError::Shape) if `q`, `scale` or `bias` have another
    /// length.
    pub fn int8(
        device: &Device,
        q: &[i8],
        scale: &[f32],
        rows: usize,
        cols: usize,
        bias: Option<&[f32]>,
    ) -> Result<Self> {
        check("int8 weight", q.len(), rows * cols)?;
        check("int8 scale", scale.len(), rows)?;
        let padded = cols.next_multiple_of(4);
        let mut words = Vec::with_capacity(rows * padded / 4);
        for row in q.chunks_exact(cols.max(1)) {
            words.extend(row.chunks(4).map(pack));
        }
        Planes {
            format: Format::Int8,
            words: device.upload_u32(&words),
            scales: Some(device.upload_f32(scale)),
            rows,
            cols: padded,
        }
        .with_bias(device, bias)
    }
}

fn pack(bytes: &[i8]) -> u32 {
    let mut packed = [0u8; 4];
    for (to, from) in packed.iter_mut().zip(bytes) {
        *to = *from as u8;
    }
    u32::from_le_bytes(packed)
}

impl Stored for Int8 {
    const NAME: &'static str = "int8";
    const PER_WORD: usize = 4;
    const FOR_ENCODERS: bool = true;
    #[cfg(feature = "suite")]
    const ODD_SIZES: &'static [(usize, usize)] = &[(1, 36), (3, 4), (5, 100), (67, 20)];

    fn scale_words(_cols: usize) -> usize {
        1
    }

    fn plain(row: HostRow<'_>, out: &mut [f32]) {
        Self::expand(row, out);
    }

    #[inline(always)]
    fn expand(row: HostRow<'_>, out: &mut [f32]) {
        let scale = f32::from_bits(row.scales[0]);
        unpack_bytes(row.words, out);
        out.iter_mut().for_each(|v| *v *= scale);
    }

    #[inline(always)]
    fn dot(row: HostRow<'_>, vector: &HostVector<'_>) -> f32 {
        let (words, x) = (row.words, vector.x);
        let mut sums = [0.0f32; LANES];
        let (blocks, tail) = (words.chunks_exact(4), words.chunks_exact(4).remainder());
        let done = (words.len() - tail.len()) * 4;
        for (words, x) in blocks.zip(x.chunks_exact(LANES)) {
            let q: [u8; 16] = bytes::<4, 16>(words);
            for j in 0..LANES {
                sums[j] += i32::from(q[j] as i8) as f32 * x[j];
            }
        }
        let mut sum: f32 = sums.iter().sum();
        for (word, x) in tail.iter().zip(x[done..].chunks_exact(4)) {
            for (byte, x) in word.to_le_bytes().into_iter().zip(x) {
                sum += f32::from(byte as i8) * x;
            }
        }
        f32::from_bits(row.scales[0]) * sum
    }

    #[cfg(feature = "suite")]
    fn sample(device: &Device, rows: usize, cols: usize, seed: u32, bias: Option<&[f32]>) -> Result<Linear> {
        use crate::suite::hash_vec;
        let amplitude = 2.0 / (cols as f32).sqrt();
        let q = hash_vec(rows * cols, seed, 254.9);
        let q: Vec<i8> = q.iter().map(|v| v.round() as i8).collect();
        let scale = hash_vec(rows, seed + 2, 1.0);
        let scale: Vec<f32> = scale.iter().map(|v| (v + 1.0) * amplitude / 127.0).collect();
        Linear::int8(device, &q, &scale, rows, cols, bias)
    }
}

#[cube]
impl StoredOnGpu for Int8 {
    fn load_scale(row: usize, _at: usize, #[comptime] _cols: usize) -> usize {
        row
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
        #[unroll]
        for j in 0..width {
            let word = words.extract(j);
            let x = staged[from + j];
            #[unroll]
            for i in 0..4usize {
                sum += f32::cast_from(signed_byte(word, comptime!(i as u32))) * x.extract(i);
            }
        }
        f32::reinterpret(scale) * sum
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
            let scale = f32::reinterpret(scale_word(scales, row));
            #[unroll]
            for i in 0..4usize {
                v.insert(i, scale * f32::cast_from(signed_byte(word, comptime!(i as u32))));
            }
        }
        v
    }

    fn value(words: &[u32], scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32 {
        let scale = f32::reinterpret(scale_word(scales, row));
        scale * f32::cast_from(signed_byte(words[(row * cols + col) / 4], col as u32 % 4))
    }
}
