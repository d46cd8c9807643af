//! Values that look random and are the same everywhere, for comparisons.

/// Deterministic values in `(-scale / 2, scale / 2)`, the same as in the Python goldens
/// (docs/model-format.md).
pub fn hash_vec(len: usize, seed: u32, scale: f32) -> Vec<f32> {
    (0..len as u32)
        .map(|i| {
            let mut x = i
                .wrapping_mul(2_654_435_761)
                .wrapping_add(seed.wrapping_mul(0x9E37_79B9));
            x ^= x >> 16;
            x = x.wrapping_mul(0x85EB_CA6B);
            x ^= x >> 13;
            x = x.wrapping_mul(0xC2B2_AE35);
            x ^= x >> 16;
            ((x >> 8) as f32 / 16_777_216.0 - 0.5) * scale
        })
        .collect()
}

/// The seed of a named tensor: FNV-1a, 32 bit.
pub fn seed_of(key: &str) -> u32 {
    key.bytes().fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
