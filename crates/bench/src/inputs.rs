//! Inputs that look like data: random, finite, never all zero (zeros run faster on some devices
//! than data does).

use anyhow::{Result, bail};
pub(crate) use sightline_checkpoint::random::values;
use sightline_kernels::{Buffer, Device, Shape};

/// A buffer of random floats, unless one binding of the device cannot show it.
pub(crate) fn floats(device: &Device, shape: impl Into<Shape>, seed: u32, scale: f32, offset: f32) -> Result<Buffer> {
    let shape = shape.into();
    fits(device, shape.len())?;
    Ok(device
        .upload_f32(&values(shape.len(), seed, scale, offset))
        .reshape(shape)?)
}

/// A buffer to write into.
pub(crate) fn empty(device: &Device, shape: impl Into<Shape>) -> Result<Buffer> {
    let shape = shape.into();
    fits(device, shape.len())?;
    Ok(device.empty_f32(shape))
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
