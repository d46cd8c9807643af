//! A matrix in the memory of the CPU: dot products with its rows, and its rows as floats.
//!
//! Loops run over arrays of lanes of a fixed size, so that the compiler makes vector instructions.
//! [`pulp`] picks the widest that the machine has.

use crate::buffer::CpuRead;
use crate::weight::{BLOCK, unpack_bytes};
use crate::{Linear, Result, Weight};

/// Number of partial sums in a dot product.
const LANES: usize = 16;

/// A matrix, locked for reading.
pub(super) struct Host<'a> {
    stored: Stored<'a>,
    cols: usize,
}

enum Stored<'a> {
    F32(CpuRead<'a>),
    Int8 { words: CpuRead<'a>, scale: CpuRead<'a> },
    Q41 { words: CpuRead<'a>, scales: CpuRead<'a> },
    Q80 { words: CpuRead<'a>, scales: CpuRead<'a> },
}

impl<'a> Host<'a> {
    pub(super) fn lock(w: &'a Linear) -> Result<Self> {
        const OP: &str = "linear";
        let stored = match &w.weight {
            Weight::F32 { values } => Stored::F32(values.cpu_read(OP)?),
            Weight::Int8 { words, scale } => Stored::Int8 {
                words: words.cpu_read(OP)?,
                scale: scale.cpu_read(OP)?,
            },
            Weight::Q41 { words, scales } => Stored::Q41 {
                words: words.cpu_read(OP)?,
                scales: scales.cpu_read(OP)?,
            },
            Weight::Q80 { words, scales } => Stored::Q80 {
                words: words.cpu_read(OP)?,
                scales: scales.cpu_read(OP)?,
            },
        };
        Ok(Self { stored, cols: w.cols })
    }

    /// `out[i]` = row `first + i` times the vector.
    pub(super) fn dots(&self, first: usize, vector: &Vector<'_>, out: &mut [f32]) {
        pulp::Arch::new().dispatch(Dots {
            host: self,
            first,
            vector,
            out,
        });
    }

    /// Writes the rows from `first` on as floats, as many as `out` holds.
    pub(super) fn expand(&self, first: usize, out: &mut [f32]) {
        pulp::Arch::new().dispatch(Expand { host: self, first, out });
    }

    fn int8_row<'s>(&self, words: &'s CpuRead<'_>, row: usize) -> &'s [u32] {
        &words.u32()[row * self.cols / 4..][..self.cols / 4]
    }

    /// Nibbles and scales of a Q4_1 row.
    fn q41_row<'s>(&self, words: &'s CpuRead<'_>, scales: &'s CpuRead<'_>, row: usize) -> (&'s [u32], &'s [u32]) {
        let blocks = self.cols / BLOCK;
        (
            &words.u32()[row * blocks * 4..][..blocks * 4],
            &scales.u32()[row * blocks..][..blocks],
        )
    }

    /// Scales of a Q8_0 row, two per word.
    fn q80_scales<'s>(&self, scales: &'s CpuRead<'_>, row: usize) -> &'s [u32] {
        let per_row = (self.cols / BLOCK).div_ceil(2);
        &scales.u32()[row * per_row..][..per_row]
    }
}

/// A vector `[cols]` and the sum of each of its blocks. Q4_1 multiplies its minimum with that sum.
pub(super) struct Vector<'a> {
    x: &'a [f32],
    sums: Vec<f32>,
}

impl<'a> Vector<'a> {
    pub(super) fn new(x: &'a [f32]) -> Self {
        Self {
            x,
            sums: x.chunks_exact(BLOCK).map(|block| block.iter().sum()).collect(),
        }
    }
}

struct Dots<'a, 'b> {
    host: &'a Host<'b>,
    first: usize,
    vector: &'a Vector<'a>,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Dots<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (host, x) = (self.host, self.vector.x);
        for (i, out) in self.out.iter_mut().enumerate() {
            let row = self.first + i;
            *out = match &host.stored {
                Stored::F32(values) => dot(&values.f32()[row * host.cols..][..host.cols], x),
                Stored::Int8 { words, scale } => scale.f32()[row] * int8_dot(host.int8_row(words, row), x),
                Stored::Q41 { words, scales } => {
                    let (words, scales) = host.q41_row(words, scales, row);
                    q41_dot(words, scales, self.vector)
                }
                Stored::Q80 { words, scales } => q80_dot(host.int8_row(words, row), host.q80_scales(scales, row), x),
            };
        }
    }
}

struct Expand<'a, 'b> {
    host: &'a Host<'b>,
    first: usize,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Expand<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let host = self.host;
        for (i, out) in self.out.chunks_exact_mut(host.cols).enumerate() {
            let row = self.first + i;
            match &host.stored {
                Stored::F32(values) => out.copy_from_slice(&values.f32()[row * host.cols..][..host.cols]),
                Stored::Int8 { words, scale } => {
                    let scale = scale.f32()[row];
                    unpack_bytes(host.int8_row(words, row), out);
                    out.iter_mut().for_each(|v| *v *= scale);
                }
                Stored::Q41 { words, scales } => {
                    let (words, scales) = host.q41_row(words, scales, row);
                    for ((out, words), &scale) in out.chunks_exact_mut(BLOCK).zip(words.chunks_exact(4)).zip(scales) {
                        q41_block(words, scale, out);
                    }
                }
                Stored::Q80 { words, scales } => {
                    unpack_bytes(host.int8_row(words, row), out);
                    let scales = host.q80_scales(scales, row);
                    for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
                        let d = half(scales[block / 2] >> (16 * (block % 2)));
                        out.iter_mut().for_each(|v| *v *= d);
                    }
                }
            }
        }
    }
}

/// The low half of a word read as a finite f16. It shifts exponent and mantissa to their places in
/// an f32 and corrects the bias by a product, which is exact for subnormals as well.
#[inline(always)]
fn half(word: u32) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let magnitude = f32::from_bits((word & 0x7fff) << 13) * BIAS;
    f32::from_bits(magnitude.to_bits() | (word & 0x8000) << 16)
}

/// The bytes of a block's words.
#[inline(always)]
fn bytes<const W: usize, const B: usize>(words: &[u32]) -> [u8; B] {
    let mut out = [0; B];
    for i in 0..W {
        out[i * 4..i * 4 + 4].copy_from_slice(&words[i].to_le_bytes());
    }
    out
}

#[inline(always)]
fn q41_block(words: &[u32], scale: u32, out: &mut [f32]) {
    let (d, m) = (half(scale), half(scale >> 16));
    let q: [u8; 16] = bytes::<4, 16>(words);
    let (low, high) = out.split_at_mut(16);
    for j in 0..16 {
        low[j] = d * (i32::from(q[j] & 15) as f32) + m;
        high[j] = d * (i32::from(q[j] >> 4) as f32) + m;
    }
}

/// `sum over blocks of d * (q . x) + m * sum(x)`.
#[inline(always)]
fn q41_dot(words: &[u32], scales: &[u32], vector: &Vector<'_>) -> f32 {
    let (mut sums, mut offset) = ([0.0f32; LANES], 0.0);
    let blocks = words
        .chunks_exact(4)
        .zip(scales)
        .zip(vector.x.chunks_exact(BLOCK))
        .zip(&vector.sums);
    for (((words, &scale), x), sum) in blocks {
        let d = half(scale);
        offset += half(scale >> 16) * sum;
        let q: [u8; 16] = bytes::<4, 16>(words);
        for j in 0..LANES {
            let low = i32::from(q[j] & 15) as f32;
            let high = i32::from(q[j] >> 4) as f32;
            sums[j] += d * (low * x[j] + high * x[16 + j]);
        }
    }
    sums.iter().sum::<f32>() + offset
}

#[inline(always)]
fn q80_dot(words: &[u32], scales: &[u32], x: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (block, (words, x)) in words.chunks_exact(8).zip(x.chunks_exact(BLOCK)).enumerate() {
        let d = half(scales[block / 2] >> (16 * (block % 2)));
        let q: [u8; 32] = bytes::<8, 32>(words);
        for j in 0..LANES {
            let low = i32::from(q[j] as i8) as f32;
            let high = i32::from(q[16 + j] as i8) as f32;
            sums[j] += d * (low * x[j] + high * x[16 + j]);
        }
    }
    sums.iter().sum()
}

#[inline(always)]
fn int8_dot(words: &[u32], x: &[f32]) -> f32 {
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
    sum
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a_tail, b_tail) = (a.chunks_exact(LANES).remainder(), b.chunks_exact(LANES).remainder());
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for j in 0..LANES {
            sums[j] += a[j] * b[j];
        }
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn every_finite_half_is_read() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits);
            if expected.is_finite() {
                assert_eq!(
                    half(u32::from(bits)).to_bits(),
                    expected.to_f32().to_bits(),
                    "{bits:#x}"
                );
            }
        }
    }

    #[test]
    fn products_and_rows_agree_with_the_slow_way() {
        let device = Device::cpu();
        let (rows, cols) = (5, 96);
        let random = |i: usize| (i as u32).wrapping_mul(2_654_435_761).rotate_left(13) as u8;
        // f16 scales between 2^-7 and 2^-3: no product dominates.
        let block = |i: usize, len: usize, scales: usize| {
            let mut bytes: Vec<u8> = (0..len).map(|j| random(i * len + j)).collect();
            (0..scales).for_each(|s| bytes[2 * s + 1] = 0x20 | (bytes[2 * s + 1] & 0x8f));
            bytes
        };
        let q41: Vec<u8> = (0..rows * cols / 32).flat_map(|i| block(i, 20, 2)).collect();
        let q80: Vec<u8> = (0..rows * cols / 32).flat_map(|i| block(i, 34, 1)).collect();
        let int8: Vec<i8> = (0..rows * cols).map(|i| random(i) as i8).collect();
        let values: Vec<f32> = int8.iter().map(|&v| f32::from(v)).collect();
        let scale: Vec<f32> = (0..rows).map(|i| 0.5 + i as f32).collect();
        let x: Vec<f32> = (0..cols).map(|i| f32::from(random(i + 7)) / 100.0 - 1.0).collect();
        for w in [
            Linear::q4_1(&device, &[&q41], rows, cols).unwrap(),
            Linear::q8_0(&device, &q80, rows, cols).unwrap(),
            Linear::int8(&device, &int8, &scale, rows, cols, None).unwrap(),
            Linear::f32(&device, &values, rows, cols, None).unwrap(),
        ] {
            let host = Host::lock(&w).unwrap();
            let (mut expanded, mut dots) = (vec![0.0; rows * cols], vec![0.0; rows]);
            host.expand(0, &mut expanded);
            host.dots(0, &Vector::new(&x), &mut dots);
            for row in 0..rows {
                let mut expected = vec![0.0; cols];
                w.cpu_row(row, &mut expected).unwrap();
                assert_eq!(expected, expanded[row * cols..][..cols]);
                let sum: f64 = expected
                    .iter()
                    .zip(&x)
                    .map(|(&w, &x)| f64::from(w) * f64::from(x))
                    .sum();
                let size: f64 = expected.iter().zip(&x).map(|(&w, &x)| f64::from((w * x).abs())).sum();
                assert!((sum - f64::from(dots[row])).abs() <= 1e-6 * size, "{sum} {}", dots[row]);
            }
        }
    }
}
