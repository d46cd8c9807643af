//! Inputs that look like data: random, finite, never all zero (zeros run faster on some devices than data does).

use anyhow::{Result, bail};
use half::f16;
use sightline_kernels::{Buffer, Device, Linear};

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

/// `len` values, made by as many threads as the host has where they are many.
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
            // A short piece costs less than a thread.
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
pub(super) fn values(len: usize, seed: u32, scale: f32, offset: f32) -> Vec<f32> {
    fill(len, |i| hash(i, seed) * scale + offset)
}

/// `len` signed bytes.
pub(super) fn bytes(len: usize, seed: u32) -> Vec<i8> {
    fill(len, |i| (hash(i, seed) * 254.0) as i8)
}

/// A buffer of random floats, unless one binding of the device cannot show it.
pub(super) fn floats(device: &Device, len: usize, seed: u32, scale: f32, offset: f32) -> Result<Buffer> {
    fits(device, len)?;
    Ok(device.upload_f32(&values(len, seed, scale, offset)))
}

/// A buffer to write into.
pub(super) fn empty(device: &Device, len: usize) -> Result<Buffer> {
    fits(device, len)?;
    Ok(device.empty_f32(len))
}

fn fits(device: &Device, len: usize) -> Result<()> {
    let limit = device.gpu_info().map_or(u64::MAX, |info| info.max_binding);
    if 4 * len as u64 > limit {
        bail!(
            "needs a buffer of {} MiB, this device binds at most {} MiB",
            len >> 18,
            limit >> 20
        );
    }
    Ok(())
}

/// How a matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    F32,
    Int8,
    Q41,
    Q80,
}

impl Stored {
    /// Name in ids.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Q41 => "q4_1",
            Self::Q80 => "q8_0",
        }
    }

    /// A random matrix `[rows, cols]` whose outputs have about the size of its inputs.
    pub(super) fn linear(self, device: &Device, rows: usize, cols: usize, bias: bool, seed: u32) -> Result<Linear> {
        let step = (12.0 / cols as f32).sqrt();
        let bias = bias.then(|| values(rows, seed ^ 7, 0.1, 0.0));
        let linear = match self {
            Self::F32 => Linear::f32(
                device,
                &values(rows * cols, seed, step, 0.0),
                rows,
                cols,
                bias.as_deref(),
            )?,
            Self::Int8 => {
                let scale = values(rows, seed ^ 3, step / 1000.0, step / 254.0);
                Linear::int8(device, &bytes(rows * cols, seed), &scale, rows, cols, bias.as_deref())?
            }
            Self::Q41 => Linear::q4_1(device, &[&q4_1(rows * cols / 32, seed, step)], rows, cols)?,
            Self::Q80 => Linear::q8_0(device, &q8_0(rows * cols / 32, seed, step), rows, cols)?,
        };
        Ok(linear)
    }
}

/// ggml's Q4_1 blocks: `f16 d, f16 m, u8[16]`, values `d * q + m` over `-step / 2 .. step / 2`.
pub(super) fn q4_1(blocks: usize, seed: u32, step: f32) -> Vec<u8> {
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
pub(super) fn q8_0(blocks: usize, seed: u32, step: f32) -> Vec<u8> {
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

    #[test]
    fn quantized_matrices_upload() -> Result<()> {
        let device = Device::cpu();
        for stored in [Stored::F32, Stored::Int8, Stored::Q41, Stored::Q80] {
            let linear = stored.linear(&device, 8, 64, false, 1)?;
            assert_eq!((linear.rows, linear.cols), (8, 64), "{}", stored.name());
        }
        Ok(())
    }
}
