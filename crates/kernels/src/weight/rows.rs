//! Rows of a matrix in the memory of the CPU, and how their words become numbers.
//!
//! Loops run over arrays of lanes of a fixed size, so that the compiler makes vector instructions.

use half::f16;

/// Number of values in a block of ggml's block types.
pub(crate) const BLOCK: usize = 32;

/// Number of partial sums in a dot product.
pub(super) const LANES: usize = 16;

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
    pub(super) words: &'a [u32],
    pub(super) scales: &'a [u32],
    /// Numbers of words per row.
    pub(super) strides: [usize; 2],
    pub(super) cols: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    pub(super) fn at(&self, row: usize) -> HostRow<'a> {
        let [words, scales] = self.strides;
        HostRow {
            words: &self.words[row * words..][..words],
            scales: &self.scales[row * scales..][..scales],
        }
    }
}

/// A vector `[cols]` and the sum of each of its blocks. Formats with a minimum multiply it with
/// that sum.
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
        let values = crate::hashed::hash_vec(len, seed, 255.9);
        values.iter().map(|v| (v + 128.0) as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
