//! ggml's number formats, as far as the shipped language model uses them.
//!
//! Source: `ggml-common.h` and `ggml-quants.c` of llama.cpp (`block_q4_1`, `block_q8_0`).

use half::f16;

/// How the values of a GGUF tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GgmlType {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// Blocks of 32: `f16 d, f16 m, u8[16]`, value `d * q + m` with `q` in 0..15. Byte `j` holds
    /// value `j` (low nibble) and `j + 16` (high nibble).
    Q4_1,
    /// Blocks of 32: `f16 d, i8[32]`, value `d * q`.
    Q8_0,
}

impl GgmlType {
    /// From the number in the file; `None` for a type this project does not read.
    pub fn from_id(id: u32) -> Option<Self> {
        match id {
            0 => Some(Self::F32),
            1 => Some(Self::F16),
            3 => Some(Self::Q4_1),
            8 => Some(Self::Q8_0),
            _ => None,
        }
    }

    /// The number in the file.
    pub fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_1 => 3,
            Self::Q8_0 => 8,
        }
    }

    /// Values in a block.
    pub fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_1 | Self::Q8_0 => 32,
        }
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_1 => 20,
            Self::Q8_0 => 34,
        }
    }
}

/// All values of a tensor as floats. A last, incomplete block is left out.
pub fn dequantize(kind: GgmlType, bytes: &[u8]) -> Vec<f32> {
    let blocks = bytes.chunks_exact(kind.block_bytes());
    let mut out = Vec::with_capacity(blocks.len() * kind.block_len());
    for block in blocks {
        match kind {
            GgmlType::F32 => out.push(f32::from_le_bytes([block[0], block[1], block[2], block[3]])),
            GgmlType::F16 => out.push(half_at(block, 0)),
            GgmlType::Q4_1 => {
                let (d, m) = (half_at(block, 0), half_at(block, 2));
                out.extend(block[4..].iter().map(|byte| d * f32::from(byte & 15) + m));
                out.extend(block[4..].iter().map(|byte| d * f32::from(byte >> 4) + m));
            }
            GgmlType::Q8_0 => {
                let d = half_at(block, 0);
                out.extend(block[2..].iter().map(|&byte| d * f32::from(byte as i8)));
            }
        }
    }
    out
}

/// Whether every value of a tensor is finite: floats themselves, scales and offsets of blocks. Only
/// exponents are looked at, so that a hundred megabytes take milliseconds. A last, incomplete block
/// is left out.
pub fn is_finite(kind: GgmlType, bytes: &[u8]) -> bool {
    let half = |block: &[u8], at: usize| block[at + 1] & 0x7c != 0x7c;
    let mut blocks = bytes.chunks_exact(kind.block_bytes());
    match kind {
        GgmlType::F32 => blocks.all(|block| f32::from_le_bytes([block[0], block[1], block[2], block[3]]).is_finite()),
        GgmlType::F16 | GgmlType::Q8_0 => blocks.all(|block| half(block, 0)),
        GgmlType::Q4_1 => blocks.all(|block| half(block, 0) && half(block, 2)),
    }
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q4_1_puts_low_nibbles_first() {
        let mut block = Vec::new();
        block.extend(f16::from_f32(0.5).to_le_bytes());
        block.extend(f16::from_f32(-1.0).to_le_bytes());
        block.extend((0u8..16).map(|j| j | ((15 - j) << 4)));
        let values = dequantize(GgmlType::Q4_1, &block);
        assert_eq!(values.len(), 32);
        assert_eq!(values[3], 0.5);
        assert_eq!(values[16], 6.5);
        assert_eq!(values[31], -1.0);
    }

    #[test]
    fn q8_0_is_signed() {
        let mut block = f16::from_f32(0.25).to_le_bytes().to_vec();
        block.extend((0..32).map(|i| (i as i8 - 16) as u8));
        let values = dequantize(GgmlType::Q8_0, &block);
        assert_eq!((values[0], values[16], values[31]), (-4.0, 0.0, 3.75));
    }

    #[test]
    fn a_value_that_is_not_finite_is_found() {
        for kind in [GgmlType::F32, GgmlType::F16, GgmlType::Q4_1, GgmlType::Q8_0] {
            let halves: &[usize] = if kind == GgmlType::Q4_1 { &[0, 2] } else { &[0] };
            // The highest finite exponents, and whatever else a block holds.
            let mut good = vec![0xff; 3 * kind.block_bytes()];
            for block in good.chunks_exact_mut(kind.block_bytes()) {
                match kind {
                    GgmlType::F32 => block.copy_from_slice(&f32::MIN.to_le_bytes()),
                    _ => halves
                        .iter()
                        .for_each(|&at| block[at..at + 2].copy_from_slice(&f16::MAX.to_le_bytes())),
                }
            }
            assert!(is_finite(kind, &good), "{kind:?}");
            for (&at, bad) in halves
                .iter()
                .zip([f16::NAN, f16::NEG_INFINITY])
                .chain([(&halves[0], f16::INFINITY)])
            {
                let (mut bytes, at) = (good.clone(), 2 * kind.block_bytes() + at);
                match kind {
                    GgmlType::F32 => bytes[at..at + 4].copy_from_slice(&bad.to_f32().to_le_bytes()),
                    _ => bytes[at..at + 2].copy_from_slice(&bad.to_le_bytes()),
                }
                assert!(!is_finite(kind, &bytes), "{kind:?} {bad} at {at}");
            }
        }
    }

    #[test]
    fn ids_round_trip() {
        for kind in [GgmlType::F32, GgmlType::F16, GgmlType::Q4_1, GgmlType::Q8_0] {
            assert_eq!(GgmlType::from_id(kind.id()), Some(kind));
        }
        assert_eq!(GgmlType::from_id(2), None);
    }
}
