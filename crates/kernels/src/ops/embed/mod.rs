//! Rows of an embedding table by token id, from device memory to device memory.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, Linear, Result};

/// Arguments of [`embed`].
#[derive(Clone, Copy, Debug)]
pub struct Embed<'a> {
    /// One row per token id.
    pub table: &'a Linear,
    /// `[m]` words.
    pub ids: &'a Buffer,
    /// Number of tokens.
    pub m: usize,
    /// `[m, table.cols]`.
    pub dst: &'a Buffer,
}

/// `dst[i, :] = table[ids[i], :]`. An id past the table gives its last row.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device.
pub fn embed(device: &Device, args: Embed<'_>) -> Result<()> {
    const OP: &str = "embed";
    let Embed { table, ids, m, dst } = args;
    ids.expect(OP, "ids", m)?;
    dst.expect(OP, "dst", [m, table.cols])?;
    match device {
        Device::Cpu(_) => twin::embed(table, ids.cpu_read(OP)?.u32(), dst.cpu_write(OP)?.f32()),
        Device::Gpu(gpu) => cube::embed(gpu, args),
    }
}
