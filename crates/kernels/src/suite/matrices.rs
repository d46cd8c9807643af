//! Deterministic matrices in every stored format, the same on each device.

use half::f16;

use super::hash_vec;
use crate::{Device, Linear, Result};

/// Stored formats of [`crate::Weight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    Int8,
    Q41,
    Q80,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Q41 => "q4_1",
            Self::Q80 => "q8_0",
        }
    }
}

/// A matrix whose product with values in (-1, 1) stays near 1.
pub(super) fn matrix(device: &Device, kind: Kind, rows: usize, cols: usize, seed: u32, bias: bool) -> Result<Linear> {
    let amplitude = 2.0 / (cols as f32).sqrt();
    let bias = bias.then(|| hash_vec(rows, seed + 1, 2.0));
    match kind {
        Kind::F32 => Linear::f32(
            device,
            &hash_vec(rows * cols, seed, 2.0 * amplitude),
            rows,
            cols,
            bias.as_deref(),
        ),
        Kind::Int8 => {
            let q: Vec<i8> = hash_vec(rows * cols, seed, 254.9)
                .iter()
                .map(|v| v.round() as i8)
                .collect();
            let scale: Vec<f32> = hash_vec(rows, seed + 2, 1.0)
                .iter()
                .map(|v| (v + 1.0) * amplitude / 127.0)
                .collect();
            Linear::int8(device, &q, &scale, rows, cols, bias.as_deref())
        }
        Kind::Q41 => {
            let mut bytes = Vec::with_capacity(rows * cols / 32 * 20);
            let (scales, quants) = (
                hash_vec(rows * cols / 32, seed, 1.0),
                bytes_of(rows * cols / 2, seed + 1),
            );
            for (block, (v, quants)) in scales.iter().zip(quants.chunks_exact(16)).enumerate() {
                let d = block_scale(block, *v) * amplitude / 8.0;
                bytes.extend(f16::from_f32(d).to_le_bytes());
                bytes.extend(f16::from_f32(-7.5 * d * (1.0 + 0.1 * v)).to_le_bytes());
                bytes.extend(quants);
            }
            Linear::q4_1(device, &[&bytes], rows, cols)
        }
        Kind::Q80 => {
            let mut bytes = Vec::with_capacity(rows * cols / 32 * 34);
            let (scales, quants) = (hash_vec(rows * cols / 32, seed, 1.0), bytes_of(rows * cols, seed + 1));
            for (block, (v, quants)) in scales.iter().zip(quants.chunks_exact(32)).enumerate() {
                bytes.extend(f16::from_f32(block_scale(block, *v) * amplitude / 127.0).to_le_bytes());
                bytes.extend(quants);
            }
            Linear::q8_0(device, &bytes, rows, cols)
        }
    }
}

/// Scales of both signs, zero, and some so small that their f16 is subnormal.
fn block_scale(block: usize, v: f32) -> f32 {
    match block % 23 {
        5 => -(v + 1.0),
        11 => 0.0,
        17 => 1e-4 * v,
        _ => v + 1.0,
    }
}

fn bytes_of(len: usize, seed: u32) -> Vec<u8> {
    hash_vec(len, seed, 255.9).iter().map(|v| (v + 128.0) as u8).collect()
}

/// The matrix as floats, by rows.
pub(super) fn dequantised(on_cpu: &Linear) -> Result<Vec<f32>> {
    let mut values = vec![0.0; on_cpu.rows * on_cpu.cols];
    for (row, out) in values.chunks_exact_mut(on_cpu.cols).enumerate() {
        on_cpu.cpu_row(row, out)?;
    }
    Ok(values)
}
