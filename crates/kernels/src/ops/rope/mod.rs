//! Rotary position embedding of queries and keys, and the append of keys and values to the KV
//! cache, in one launch.

mod cube;
pub(crate) mod twin;

use crate::ops::Places;
use crate::{Buffer, Device, KernelError, Result};

/// Arguments of [`rope_append`].
#[derive(Clone, Copy, Debug)]
pub struct Rope<'a> {
    /// `[m, (heads + 2 kv_heads) * head_dim]`: q, k, v of every row; q is rotated in place.
    pub qkv: &'a Buffer,
    /// `[slots * capacity, kv_heads * head_dim]`: rotated keys are written at the row's slot and
    /// position.
    pub keys: &'a Buffer,
    /// `[slots * capacity, kv_heads * head_dim]`.
    pub values: &'a Buffer,
    /// The places of the rows in the cache.
    pub places: Places<'a>,
    /// `[capacity, head_dim / 2, 2]`: cosine and sine, from [`rope_table`].
    pub table: &'a Buffer,
    /// Number of rows.
    pub m: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Width of a head, even.
    pub head_dim: usize,
    /// Number of positions in a slot.
    pub capacity: usize,
}

/// Cosines and sines `[capacity, head_dim / 2, 2]` of angle `position * base^(-2 i / head_dim)`,
/// computed in f64.
pub fn rope_table(capacity: usize, head_dim: usize, base: f64) -> Vec<f32> {
    let pairs = head_dim / 2;
    let angle = |t: usize, i: usize| t as f64 * base.powf(-2.0 * i as f64 / head_dim as f64);
    (0..capacity * pairs)
        .flat_map(|j| {
            let (sin, cos) = angle(j / pairs, j % pairs).sin_cos();
            [cos as f32, sin as f32]
        })
        .collect()
}

/// Rotates neighbouring pairs `(2 i, 2 i + 1)` of every head of q and k. GGUF files of Llama models
/// store their rows in that order. Keeps q in `qkv`, and writes k and v into the cache.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device, or
/// if the width of a head is odd.
pub fn rope_append(device: &Device, args: Rope<'_>) -> Result<()> {
    const OP: &str = "rope_append";
    let Rope {
        m,
        heads,
        kv_heads,
        head_dim,
        capacity,
        ..
    } = args;
    if !head_dim.is_multiple_of(2) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("odd head width {head_dim}"),
        });
    }
    let cache = [args.places.slots() * capacity, kv_heads * head_dim];
    args.qkv.expect(OP, "qkv", [m, (heads + 2 * kv_heads) * head_dim])?;
    args.keys.expect(OP, "keys", cache)?;
    args.values.expect(OP, "values", cache)?;
    args.places.expect(OP, m)?;
    args.table.expect(OP, "table", [capacity, head_dim / 2, 2])?;
    match device {
        Device::Cpu(_) => {
            let rows = args.places.read(OP, m, capacity)?;
            let table = args.table.cpu_read(OP)?;
            let (mut qkv, mut keys, mut values) = (
                args.qkv.cpu_write(OP)?,
                args.keys.cpu_write(OP)?,
                args.values.cpu_write(OP)?,
            );
            twin::rope_append(&args, table.f32(), &rows, qkv.f32(), keys.f32(), values.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::rope_append(gpu, args),
    }
}
