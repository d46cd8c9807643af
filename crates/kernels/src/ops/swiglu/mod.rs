//! The gated activation of Llama's feed-forward layer.

pub(crate) mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// `dst[m, i] = silu(gate_up[m, i]) * gate_up[m, width + i]`.
///
/// # Shapes
/// `gate_up` `[m, 2 * width]`, `dst` `[m, width]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn swiglu(device: &Device, gate_up: &Buffer, m: usize, width: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "swiglu";
    gate_up.expect(OP, "gate_up", 2 * m * width)?;
    dst.expect(OP, "dst", m * width)?;
    match device {
        Device::Cpu(_) => {
            cpu::swiglu(
                gate_up.cpu_read(OP)?.f32(),
                width,
                &mut dst.cpu_write(OP)?.f32()[..m * width],
            );
            Ok(())
        }
        Device::Gpu(gpu) => cube::swiglu(gpu, gate_up, m, width, dst),
    }
}
