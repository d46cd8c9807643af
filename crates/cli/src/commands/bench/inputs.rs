//! Inputs that look like data: random, finite, never all zero (zeros run faster on some devices than data does).

use anyhow::{Result, bail};
pub(super) use sightline_checkpoint::random::{bytes, q4_1, q8_0, values};
use sightline_kernels::{Buffer, Device, Linear};

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

#[cfg(test)]
mod tests {
    use super::*;

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
