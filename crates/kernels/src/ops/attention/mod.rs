//! Full (bidirectional) multi-head attention of a vision transformer, which never holds the score
//! matrix.

pub(crate) mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, Result};

/// Arguments of [`attention`].
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// `[batch * tokens, 3 * heads * head_dim]`: q, k and v of every token (timm's order).
    pub qkv: &'a Buffer,
    /// Number of pictures.
    pub batch: usize,
    /// Number of tokens per picture. Tests cover 49 to 4,200.
    pub tokens: usize,
    /// Number of heads.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// `[batch * tokens, heads * head_dim]`.
    pub dst: &'a Buffer,
}

/// `dst = softmax(q k^T / sqrt(head_dim)) v` per head.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device, or on
/// a GPU if the width of a head is not a multiple of 8 up to 128.
pub fn attention(device: &Device, args: Attention<'_>) -> Result<()> {
    const OP: &str = "attention";
    let (rows, width) = (args.batch * args.tokens, args.heads * args.head_dim);
    args.qkv.expect(OP, "qkv", [rows, 3 * width])?;
    args.dst.expect(OP, "dst", [rows, width])?;
    match device {
        Device::Cpu(_) => {
            cpu::attention(&args, args.qkv.cpu_read(OP)?.f32(), args.dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::attention(gpu, args),
    }
}
