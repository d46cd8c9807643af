//! A matrix in the memory of the CPU: dot products with its rows, and its rows as floats.
//!
//! Loops run over arrays of lanes of a fixed size, so that the compiler makes vector instructions.
//! [`pulp`] picks the widest that the machine has.

use half::f16;

use super::stored::{BLOCK, Stored};
use super::{Format, Linear};
use crate::Result;
use crate::buffer::CpuRead;

/// Number of partial sums in a dot product.
pub(super) const LANES: usize = 16;

/// A matrix, locked for reading.
pub(crate) struct Host<'a> {
    format: Format,
    words: CpuRead<'a>,
    scales: Option<CpuRead<'a>>,
    cols: usize,
}

/// The words of one row.
#[derive(Clone, Copy)]
pub(crate) struct HostRow<'a> {
    /// Packed values.
    pub(super) words: &'a [u32],
    /// Scales; empty if the format has none.
    pub(super) scales: &'a [u32],
}

/// The rows of a matrix from one on.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    words: &'a [u32],
    scales: &'a [u32],
    /// Numbers of words per row.
    strides: [usize; 2],
    cols: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn at(&self, row: usize) -> HostRow<'a> {
        let [words, scales] = self.strides;
        HostRow {
            words: &self.words[row * words..][..words],
            scales: &self.scales[row * scales..][..scales],
        }
    }
}

impl<'a> Host<'a> {
    /// Locks the matrix of `w` for `op`.
    pub(crate) fn lock(op: &'static str, w: &'a Linear) -> Result<Self> {
        Ok(Self {
            format: w.format,
            words: w.words.cpu_read(op)?,
            scales: w.scales.as_ref().map(|scales| scales.cpu_read(op)).transpose()?,
            cols: w.cols,
        })
    }

    fn rows(&self, first: usize) -> Rows<'_> {
        let strides = [self.cols / self.format.per_word(), self.format.scale_words(self.cols)];
        let scales = self.scales.as_ref().map_or(&[][..], |scales| scales.u32());
        Rows {
            words: &self.words.u32()[first * strides[0]..],
            scales: &scales[first * strides[1]..],
            strides,
            cols: self.cols,
        }
    }

    /// `out[i]` = row `first + i` times the vector.
    pub(crate) fn dots(&self, first: usize, vector: &Vector<'_>, out: &mut [f32]) {
        (self.format.facts().dots)(self.rows(first), vector, out);
    }

    /// Writes the rows from `first` on as floats, as many as `out` holds.
    pub(crate) fn expand(&self, first: usize, out: &mut [f32]) {
        (self.format.facts().expand)(self.rows(first), out);
    }

    /// Writes one row as floats, in the plainest way.
    pub(crate) fn plain(&self, row: usize, out: &mut [f32]) {
        (self.format.facts().plain)(self.rows(row).at(0), out);
    }
}

/// A vector `[cols]` and the sum of each of its blocks. Formats with a minimum multiply it with that sum.
pub(crate) struct Vector<'a> {
    pub(super) x: &'a [f32],
    pub(super) sums: Vec<f32>,
}

impl<'a> Vector<'a> {
    pub(crate) fn new(x: &'a [f32]) -> Self {
        Self {
            x,
            sums: x.chunks_exact(BLOCK).map(|block| block.iter().sum()).collect(),
        }
    }
}

/// [`Host::dots`] of one format.
pub(super) fn dots<S: Stored>(rows: Rows<'_>, vector: &Vector<'_>, out: &mut [f32]) {
    pulp::Arch::new().dispatch(Dots::<S> {
        rows,
        vector,
        out,
        format: core::marker::PhantomData,
    });
}

struct Dots<'a, S> {
    rows: Rows<'a>,
    vector: &'a Vector<'a>,
    out: &'a mut [f32],
    format: core::marker::PhantomData<S>,
}

impl<S: Stored> pulp::NullaryFnOnce for Dots<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, out) in self.out.iter_mut().enumerate() {
            *out = S::dot(self.rows.at(row), self.vector);
        }
    }
}

/// [`Host::expand`] of one format.
pub(super) fn expand<S: Stored>(rows: Rows<'_>, out: &mut [f32]) {
    pulp::Arch::new().dispatch(Expand::<S> {
        rows,
        out,
        format: core::marker::PhantomData,
    });
}

struct Expand<'a, S> {
    rows: Rows<'a>,
    out: &'a mut [f32],
    format: core::marker::PhantomData<S>,
}

impl<S: Stored> pulp::NullaryFnOnce for Expand<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, out) in self.out.chunks_exact_mut(self.rows.cols).enumerate() {
            S::expand(self.rows.at(row), out);
        }
    }
}

/// The low (0) or high (1) half of a word, read as f16.
pub(super) fn half_of(word: u32, which: usize) -> f32 {
    f16::from_bits((word >> (16 * which)) as u16).to_f32()
}

/// The low half of a word read as a finite f16. It shifts exponent and mantissa to their places in
/// an f32 and corrects the bias by a product, which is exact for subnormals as well.
#[inline(always)]
pub(super) fn quick_half(word: u32) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let magnitude = f32::from_bits((word & 0x7fff) << 13) * BIAS;
    f32::from_bits(magnitude.to_bits() | (word & 0x8000) << 16)
}

/// The bytes of a block's words.
#[inline(always)]
pub(super) fn bytes<const W: usize, const B: usize>(words: &[u32]) -> [u8; B] {
    let mut out = [0; B];
    for i in 0..W {
        out[i * 4..i * 4 + 4].copy_from_slice(&words[i].to_le_bytes());
    }
    out
}

/// Four signed bytes of every word as floats.
#[inline(always)]
pub(super) fn unpack_bytes(words: &[u32], out: &mut [f32]) {
    for (word, values) in words.iter().zip(out.chunks_exact_mut(4)) {
        for (byte, value) in word.to_le_bytes().into_iter().zip(values) {
            *value = f32::from(byte as i8);
        }
    }
}

/// Parts of the matrices for comparisons.
#[cfg(feature = "suite")]
pub(super) mod sample {
    /// Scales of both signs, zero, and some so small that their f16 is subnormal.
    pub(crate) fn block_scale(block: usize, v: f32) -> f32 {
        match block % 23 {
            5 => -(v + 1.0),
            11 => 0.0,
            17 => 1e-4 * v,
            _ => v + 1.0,
        }
    }

    /// Bytes that look random.
    pub(crate) fn bytes_of(len: usize, seed: u32) -> Vec<u8> {
        let values = crate::suite::hash_vec(len, seed, 255.9);
        values.iter().map(|v| (v + 128.0) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn every_finite_half_is_read() {
        for bits in 0..=u16::MAX {
            let expected = f16::from_bits(bits);
            if expected.is_finite() {
                let found = quick_half(u32::from(bits));
                assert_eq!(found.to_bits(), expected.to_f32().to_bits(), "{bits:#x}");
            }
        }
    }

    #[test]
    fn products_and_rows_agree_with_the_slow_way() {
        let device = Device::cpu();
        let (rows, cols) = (5, 96);
        let x: Vec<f32> = (0..cols)
            .map(|i| (i as u32).wrapping_mul(2_654_435_761).rotate_left(13) as u8)
            .map(|byte| f32::from(byte) / 100.0 - 1.0)
            .collect();
        for &format in Format::ALL {
            let w = format.sample(&device, rows, cols, 7, false).unwrap();
            let host = Host::lock("test", &w).unwrap();
            let (mut expanded, mut dots) = (vec![0.0; rows * cols], vec![0.0; rows]);
            host.expand(0, &mut expanded);
            host.dots(0, &Vector::new(&x), &mut dots);
            for row in 0..rows {
                let mut expected = vec![0.0; cols];
                host.plain(row, &mut expected);
                assert_eq!(expected, expanded[row * cols..][..cols], "{}", format.name());
                let products = || expected.iter().zip(&x).map(|(&w, &x)| f64::from(w) * f64::from(x));
                let (sum, size) = (products().sum::<f64>(), products().map(f64::abs).sum::<f64>());
                let error = (sum - f64::from(dots[row])).abs();
                assert!(error <= 1e-6 * size, "{}: {sum} {}", format.name(), dots[row]);
            }
        }
    }

    #[test]
    fn planes_have_the_size_that_a_format_says() {
        let device = Device::cpu();
        for &format in Format::ALL {
            for cols in [32, 96] {
                let w = format.sample(&device, 3, cols, 1, false).unwrap();
                assert_eq!(w.weight_bytes(), format.bytes(3, cols), "{}", format.name());
                assert_eq!((w.format(), w.rows, w.cols), (format, 3, cols));
            }
        }
    }
}
