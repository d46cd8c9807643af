//! Full (bidirectional) multi-head attention of a vision transformer, which never holds the score
//! matrix.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// Sizes of [`attention`].
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Number of pictures.
    pub batch: usize,
    /// Number of tokens per picture. Tests cover 49 to 4,200.
    pub tokens: usize,
    /// Number of heads.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
}

/// `dst = softmax(q k^T / sqrt(head_dim)) v` per head.
///
/// # Shapes
/// `qkv` `[batch, tokens, 3, heads, head_dim]` (timm's order), `dst` `[batch, tokens, heads,
/// head_dim]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device, or on a GPU
/// if the width of a head is not a multiple of 8 up to 128.
pub fn attention(device: &Device, qkv: &Buffer, sizes: Attention, dst: &Buffer) -> Result<()> {
    const OP: &str = "attention";
    let len = sizes.batch * sizes.tokens * sizes.heads * sizes.head_dim;
    qkv.expect(OP, "qkv", 3 * len)?;
    dst.expect(OP, "dst", len)?;
    match device {
        Device::Cpu(_) => {
            cpu::attention(qkv.cpu_read(OP)?.f32(), sizes, &mut dst.cpu_write(OP)?.f32()[..len]);
            Ok(())
        }
        Device::Gpu(gpu) => cube::attention(gpu, qkv, sizes, dst),
    }
}
