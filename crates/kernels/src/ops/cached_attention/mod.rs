//! Grouped-query causal attention over a KV cache: prefill (many rows) and decode (one row).

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result};

/// Sizes and buffers of [`cached_attention`].
#[derive(Clone, Copy, Debug)]
pub struct CachedAttention<'a> {
    /// `[m, (heads + 2 kv_heads) * head_dim]`; the first `heads * head_dim` of a row are its rotated queries.
    pub qkv: &'a Buffer,
    /// `[capacity, kv_heads, head_dim]`, filled up to the row's own position.
    pub keys: &'a Buffer,
    /// `[capacity, kv_heads, head_dim]`.
    pub values: &'a Buffer,
    /// One word: position of row 0. In a buffer, so that a recorded graph follows a growing cache.
    pub position: &'a Buffer,
    /// Rows.
    pub m: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Positions the cache holds.
    pub capacity: usize,
}

/// Row `i` attends to cache positions `0..=position + i`.
///
/// # Shapes
/// `dst` `[m, heads * head_dim]`.
pub fn cached_attention(device: &Device, args: CachedAttention<'_>, dst: &Buffer) -> Result<()> {
    const OP: &str = "cached_attention";
    let CachedAttention {
        m,
        heads,
        kv_heads,
        head_dim,
        capacity,
        ..
    } = args;
    if kv_heads == 0 || heads % kv_heads != 0 {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("{heads} heads over {kv_heads} key heads"),
        });
    }
    args.qkv.expect(OP, "qkv", m * (heads + 2 * kv_heads) * head_dim)?;
    args.keys.expect(OP, "keys", capacity * kv_heads * head_dim)?;
    args.values.expect(OP, "values", capacity * kv_heads * head_dim)?;
    args.position.expect(OP, "position", 1)?;
    dst.expect(OP, "dst", m * heads * head_dim)?;
    match device {
        Device::Cpu(_) => {
            let (qkv, keys, values) = (
                args.qkv.cpu_read(OP)?,
                args.keys.cpu_read(OP)?,
                args.values.cpu_read(OP)?,
            );
            let position = args.position.cpu_read(OP)?.u32()[0] as usize;
            if position + m > capacity {
                return Err(KernelError::Unsupported {
                    op: OP,
                    message: format!("position {} of a cache of {capacity}", position + m),
                });
            }
            let mut dst = dst.cpu_write(OP)?;
            let dst = &mut dst.f32()[..m * heads * head_dim];
            cpu::cached_attention(&args, qkv.f32(), keys.f32(), values.f32(), position, dst);
            Ok(())
        }
        Device::Gpu(gpu) => cube::cached_attention(gpu, args, dst),
    }
}
