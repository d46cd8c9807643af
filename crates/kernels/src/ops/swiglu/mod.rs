//! The gated activation of Llama's feed-forward layer.

pub(crate) mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// Arguments of [`swiglu`].
#[derive(Clone, Copy, Debug)]
pub struct SwiGlu<'a> {
    /// `[rows, 2 * width]`: gate, then up.
    pub gate_up: &'a Buffer,
    /// Number of rows.
    pub rows: usize,
    /// Number of values in a row of `dst`.
    pub width: usize,
    /// `[rows, width]`.
    pub dst: &'a Buffer,
}

/// `dst[r, i] = silu(gate_up[r, i]) * gate_up[r, width + i]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn swiglu(device: &Device, args: SwiGlu<'_>) -> Result<()> {
    const OP: &str = "swiglu";
    let SwiGlu {
        gate_up,
        rows,
        width,
        dst,
    } = args;
    gate_up.expect(OP, "gate_up", [rows, 2 * width])?;
    dst.expect(OP, "dst", [rows, width])?;
    match device {
        Device::Cpu(_) => {
            cpu::swiglu(gate_up.cpu_read(OP)?.f32(), width, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::swiglu(gpu, args),
    }
}
