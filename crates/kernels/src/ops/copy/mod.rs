//! Copies between buffers of one device.

mod cube;

use crate::{Buffer, Device, Result};

/// `dst[to .. to + len] = src[from .. from + len]`, different buffers.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn copy(device: &Device, src: &Buffer, from: usize, dst: &Buffer, to: usize, len: usize) -> Result<()> {
    const OP: &str = "copy";
    src.expect(OP, "src", from + len)?;
    dst.expect(OP, "dst", to + len)?;
    if len == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => {
            let src = src.cpu_read(OP)?;
            dst.cpu_write(OP)?.u32()[to..to + len].copy_from_slice(&src.u32()[from..from + len]);
            Ok(())
        }
        Device::Gpu(gpu) => cube::copy(gpu, src, from, dst, to, len),
    }
}
