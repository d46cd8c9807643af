//! Models of random numbers in the true layouts, for tests and benchmarks. Speed does not depend on
//! what was learned.

#[cfg(not(target_arch = "wasm32"))]
mod language;

#[cfg(not(target_arch = "wasm32"))]
pub use language::LanguageShape;

use half::f16;

use crate::tensors::TensorData;

/// A value of -0.5..0.5 for an index: the mixing of `docs/model-format.md`.
fn hash(index: u32, seed: u32) -> f32 {
    let mut x = index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(seed.wrapping_mul(0x9E37_79B9));
    x ^= x >> 16;
    x = x.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 13;
    x = x.wrapping_mul(0xC2B2_AE35);
    x ^= x >> 16;
    (x >> 8) as f32 / 16_777_216.0 - 0.5
}

/// The seed of a named tensor: FNV-1a of its key, as in the goldens.
pub fn seed_of(key: &str) -> u32 {
    key.bytes()
        .fold(0x811C_9DC5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

/// `len` values. Many values are made by all threads of the machine.
fn fill<T: Send + Clone + Default>(len: usize, value: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let mut out = vec![T::default(); len];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let piece = len.div_ceil(threads).max(1 << 18);
    std::thread::scope(|scope| {
        for (i, part) in out.chunks_mut(piece).enumerate() {
            let value = &value;
            let mut work = move || {
                for (j, slot) in part.iter_mut().enumerate() {
                    *slot = value((i * piece + j) as u32);
                }
            };
            // A short piece costs less than starting a thread.
            if len <= piece {
                work();
            } else {
                scope.spawn(work);
            }
        }
    });
    out
}

/// `len` values around `offset`, `scale` wide.
pub fn values(len: usize, seed: u32, scale: f32, offset: f32) -> Vec<f32> {
    fill(len, |i| hash(i, seed) * scale + offset)
}

/// `len` signed bytes.
pub fn bytes(len: usize, seed: u32) -> Vec<i8> {
    fill(len, |i| (hash(i, seed) * 254.0) as i8)
}

/// Width of the range of values of a matrix with this number of columns. It makes outputs about as
/// large as inputs.
pub fn step(cols: usize) -> f32 {
    (12.0 / cols as f32).sqrt()
}

/// A matrix `[rows, cols]` as shipped (int8 with a scale per row), or in f32.
pub fn matrix(rows: usize, cols: usize, seed: u32, int8: bool) -> TensorData {
    if int8 {
        TensorData::I8 {
            q: bytes(rows * cols, seed),
            scale: vec![step(cols) / 254.0; rows],
        }
    } else {
        TensorData::F32(values(rows * cols, seed, step(cols), 0.0))
    }
}

/// ggml's Q4_1 blocks: `f16 d, f16 m, u8[16]`, values `d * q + m` over `-step / 2 .. step / 2`.
pub fn q4_1(blocks: usize, seed: u32, step: f32) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks * 20);
    for block in 0..blocks as u32 {
        let d = step / 15.0 * (1.0 + 0.2 * hash(block, seed ^ 5));
        out.extend(f16::from_f32(d).to_le_bytes());
        out.extend(f16::from_f32(-step / 2.0).to_le_bytes());
        out.extend((0..16).map(|j| (hash(block * 16 + j, seed) * 256.0) as i16 as u8));
    }
    out
}

/// ggml's Q8_0 blocks: `f16 d, i8[32]`.
pub fn q8_0(blocks: usize, seed: u32, step: f32) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks * 34);
    for block in 0..blocks as u32 {
        let d = step / 254.0 * (1.0 + 0.2 * hash(block, seed ^ 5));
        out.extend(f16::from_f32(d).to_le_bytes());
        out.extend((0..32).map(|j| (hash(block * 32 + j, seed) * 254.0) as i8 as u8));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_spread_and_repeat() {
        let a = values(1000, 3, 2.0, 0.0);
        assert_eq!(a, values(1000, 3, 2.0, 0.0));
        assert_ne!(a, values(1000, 4, 2.0, 0.0));
        let mean = a.iter().sum::<f32>() / 1000.0;
        assert!(mean.abs() < 0.1 && a.iter().all(|v| v.abs() <= 1.0), "{mean}");
    }
}
