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
    /// The buffer.
    pub(crate) fn buffer(&self) -> &Buffer {
        match self {
            Self::From(buffer) => buffer,
            Self::Rows { rows, .. } => rows,
        }
    }

    /// Number of sequences in the cache.
    pub(crate) fn slots(&self) -> usize {
        match self {
            Self::From(_) => 1,
            Self::Rows { slots, .. } => *slots,
        }
    }

    /// Number of positions that are read from the prefix slot.
    pub(crate) fn prefix(&self) -> usize {
        match self {
            Self::From(_) => 0,
            Self::Rows { prefix, .. } => *prefix,
        }
    }

    /// Fails unless the buffer has the shape for `m` rows.
    pub(crate) fn expect(&self, op: &'static str, m: usize) -> Result<()> {
        match self {
            Self::From(buffer) => buffer.expect(op, "places", 1),
            Self::Rows { rows, .. } => rows.expect(op, "places", [m, 3]),
        }
    }

    /// Slot, position and prefix slot of every row, checked against the cache.
    pub(crate) fn read(&self, op: &'static str, m: usize, capacity: usize) -> Result<Vec<[usize; 3]>> {
        let (buffer, slots) = (self.buffer().cpu_read(op)?, self.slots());
        let words = buffer.u32();
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

/// Arguments of [`cached_attention`].
#[derive(Clone, Copy, Debug)]
pub struct CachedAttention<'a> {
    /// `[m, (heads + 2 kv_heads) * head_dim]`; the first `heads * head_dim` of a row are its
    /// rotated queries.
    pub qkv: &'a Buffer,
    /// `[slots * capacity, kv_heads * head_dim]`, filled up to the row's own position.
    pub keys: &'a Buffer,
    /// `[slots * capacity, kv_heads * head_dim]`.
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
    /// `[m, heads * head_dim]`.
    pub dst: &'a Buffer,
}

/// Every row attends to its own cache position and to all earlier ones of its sequence.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device, or if
/// heads, head width or places are not supported.
pub fn cached_attention(device: &Device, args: CachedAttention<'_>) -> Result<()> {
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
    let cache = [args.places.slots() * capacity, kv_heads * head_dim];
    args.qkv.expect(OP, "qkv", [m, (heads + 2 * kv_heads) * head_dim])?;
    args.keys.expect(OP, "keys", cache)?;
    args.values.expect(OP, "values", cache)?;
    args.places.expect(OP, m)?;
    args.dst.expect(OP, "dst", [m, heads * head_dim])?;
    match device {
        Device::Cpu(_) => {
            let (qkv, keys, values) = (
                args.qkv.cpu_read(OP)?,
                args.keys.cpu_read(OP)?,
                args.values.cpu_read(OP)?,
            );
            let rows = args.places.read(OP, m, capacity)?;
            let mut dst = args.dst.cpu_write(OP)?;
            cpu::cached_attention(&args, qkv.f32(), keys.f32(), values.f32(), &rows, dst.f32());
            Ok(())
        }
        Device::Gpu(gpu) => cube::cached_attention(gpu, args),
    }
}
