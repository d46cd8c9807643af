//! Grouped-query causal attention over a KV cache: prefill has many rows, decode one row per
//! sequence.

mod cpu;
mod cube;
#[cfg(feature = "suite")]
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Result};

/// Where the rows of a call stand in the cache.
#[derive(Clone, Copy, Debug)]
pub enum Places<'a> {
    /// One sequence. The buffer holds one word, the position of row 0; row `i` stands `i` further.
    /// It is a buffer so that a recorded graph follows a growing cache.
    From(&'a Buffer),
    /// Many sequences, with three words per row: `slot, position, prefix slot`. The cache holds
    /// `slots` sequences of `capacity` positions. The first `prefix` positions of a row are read
    /// from its prefix slot, so that questions about one picture share its keys and values.
    Rows {
        /// `[m, 3]` words.
        rows: &'a Buffer,
        /// Number of sequences in the cache.
        slots: usize,
        /// Number of positions that are read from the prefix slot.
        prefix: usize,
    },
}

impl Places<'_> {
    /// The buffer, the number of words that `m` rows use, the number of slots, and the number of
    /// shared positions.
    pub(crate) fn parts(&self, m: usize) -> (&Buffer, usize, usize, usize) {
        match self {
            Self::From(buffer) => (buffer, 1, 1, 0),
            Self::Rows { rows, slots, prefix } => (rows, 3 * m, *slots, *prefix),
        }
    }

    /// Slot, position and prefix slot of every row, checked against the cache.
    pub(crate) fn read(&self, op: &'static str, m: usize, capacity: usize) -> Result<Vec<[usize; 3]>> {
        let (buffer, words, slots, _) = self.parts(m);
        let buffer = buffer.cpu_read(op)?;
        let words = &buffer.u32()[..words];
        let rows: Vec<[usize; 3]> = match self {
            Self::From(_) => (0..m).map(|row| [0, words[0] as usize + row, 0]).collect(),
            Self::Rows { .. } => words
                .chunks_exact(3)
                .map(|row| [row[0], row[1], row[2]].map(|word| word as usize))
                .collect(),
        };
        match rows
            .iter()
            .find(|row| row[1] >= capacity || row[0] >= slots || row[2] >= slots)
        {
            None => Ok(rows),
            Some([slot, position, _]) => Err(KernelError::Unsupported {
                op,
                message: format!(
                    "position {} of slot {slot} in a cache of {slots} x {capacity}",
                    position + 1
                ),
            }),
        }
    }
}

/// Sizes and buffers of [`cached_attention`].
#[derive(Clone, Copy, Debug)]
pub struct CachedAttention<'a> {
    /// `[m, (heads + 2 kv_heads) * head_dim]`; the first `heads * head_dim` of a row are its
    /// rotated queries.
    pub qkv: &'a Buffer,
    /// `[slots, capacity, kv_heads, head_dim]`, filled up to the row's own position.
    pub keys: &'a Buffer,
    /// `[slots, capacity, kv_heads, head_dim]`.
    pub values: &'a Buffer,
    /// The places of the rows in the cache.
    pub places: Places<'a>,
    /// Number of rows.
    pub m: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Number of positions in a slot.
    pub capacity: usize,
}

/// Every row attends to its own cache position and to all earlier ones of its sequence.
///
/// # Shapes
/// `dst` `[m, heads * head_dim]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device, or if heads,
/// head width or places are not supported.
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
    let (places, words, slots, _) = args.places.parts(m);
    args.keys.expect(OP, "keys", slots * capacity * kv_heads * head_dim)?;
    args.values
        .expect(OP, "values", slots * capacity * kv_heads * head_dim)?;
    places.expect(OP, "places", words)?;
    dst.expect(OP, "dst", m * heads * head_dim)?;
    match device {
        Device::Cpu(_) => {
            let (qkv, keys, values) = (
                args.qkv.cpu_read(OP)?,
                args.keys.cpu_read(OP)?,
                args.values.cpu_read(OP)?,
            );
            let rows = args.places.read(OP, m, capacity)?;
            let mut dst = dst.cpu_write(OP)?;
            let dst = &mut dst.f32()[..m * heads * head_dim];
            cpu::cached_attention(&args, qkv.f32(), keys.f32(), values.f32(), &rows, dst);
            Ok(())
        }
        Device::Gpu(gpu) => cube::cached_attention(gpu, args, dst),
    }
}
