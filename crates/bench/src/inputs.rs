//! Inputs that look like data: random, finite, never all zero (zeros run faster on some devices
//! than data does).

use anyhow::{Result, bail};
pub(crate) use sightline_checkpoint::random::values;
use sightline_kernels::{Buffer, Device};

/// A buffer of random floats, unless one binding of the device cannot show it.
pub(crate) fn floats(device: &Device, len: usize, seed: u32, scale: f32, offset: f32) -> Result<Buffer> {
    fits(device, len)?;
    Ok(device.upload_f32(&values(len, seed, scale, offset)))
}

/// A buffer to write into.
pub(crate) fn empty(device: &Device, len: usize) -> Result<Buffer> {
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
