//! Signed bytes, symmetric: `q * scale[row]`.
//!
//! A word holds four bytes, the lowest first. Rows are padded with zeros to a multiple of four
//! columns. The plane of scales has one float per row.

use cubecl::prelude::*;

use super::linear::Linear;
use super::planes::{Planes, check};
use super::rows::{HostRow, LANES, Vector as HostVector, bytes, unpack_bytes};
use super::stored::{Format, Stored, StoredOnGpu, bytes_dot, bytes_quad, scale_word};
use crate::ops::lanes::{Vec4, signed_byte};
use crate::{Device, Result};

pub(super) struct Int8;

impl Format {
    /// Signed bytes and one scale per row: the encoders, the connector and the adapters.
    pub const INT8: Self = Self::of::<Int8>();
}

/// A matrix of signed bytes in memory of the host.
#[derive(Clone, Copy, Debug)]
pub struct Int8Matrix<'a> {
    /// `[rows, cols]` values.
    pub q: &'a [i8],
    /// `[rows]`: what the values of a row are multiplied with.
    pub scale: &'a [f32],
}

impl Linear {
    /// From signed bytes of this size, `[rows, cols]`. Columns are padded with zeros to a multiple
    /// of 4.
    ///
    /// # Errors
    /// [`KernelError::Shape`](crate::KernelError::Shape) if `q`, `scale` or `bias` have another
    /// length.
    pub fn int8(device: &Device, size: [usize; 2], matrix: Int8Matrix<'_>, bias: Option<&[f32]>) -> Result<Self> {
        planes(size, matrix)?.upload(device, Format::INT8, bias)
    }
}

fn planes(size: [usize; 2], Int8Matrix { q, scale }: Int8Matrix<'_>) -> Result<Planes<'static>> {
    let [rows, cols] = size;
    check("int8 weight", q.len(), size)?;
    check("int8 scale", scale.len(), rows)?;
    let padded = cols.next_multiple_of(4);
    let mut words = Vec::with_capacity(rows * padded / 4);
    for row in q.chunks_exact(cols.max(1)) {
        words.extend(row.chunks(4).map(pack));
    }
    Ok(Planes {
        words: words.into(),
        scales: bytemuck::cast_slice(scale).to_vec(),
        size: [rows, padded],
    })
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
    fn sample(size: [usize; 2], seed: u32) -> Result<Planes<'static>> {
        use crate::hashed::hash_vec;
        let [rows, cols] = size;
        let amplitude = 2.0 / (cols as f32).sqrt();
        let q = hash_vec(rows * cols, seed, 254.9);
        let q: Vec<i8> = q.iter().map(|v| v.round() as i8).collect();
        let scale = hash_vec(rows, seed + 2, 1.0);
        let scale: Vec<f32> = scale.iter().map(|v| (v + 1.0) * amplitude / 127.0).collect();
        let matrix = Int8Matrix { q: &q, scale: &scale };
        planes(size, matrix)
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
        f32::reinterpret(scale) * bytes_dot::<N>(words, staged, from, width)
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
            v = bytes_quad(word, f32::reinterpret(scale_word(scales, row)));
        }
        v
    }

    fn value(words: &[u32], scales: &ComptimeOption<&[u32]>, row: usize, col: usize, cols: usize) -> f32 {
        let scale = f32::reinterpret(scale_word(scales, row));
        scale * f32::cast_from(signed_byte(words[(row * cols + col) / 4], col as u32 % 4))
    }
}
