//! Rows of an embedding table by token id, from device memory to device memory.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, Linear, Result};

/// `dst[i, :] = table[ids[i], :]`. An id past the table gives its last row.
///
/// # Shapes
/// `ids` `[m]` words, `dst` `[m, table.cols]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device.
pub fn embed(device: &Device, table: &Linear, ids: &Buffer, m: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "embed";
    ids.expect(OP, "ids", m)?;
    dst.expect(OP, "dst", m * table.cols)?;
    match device {
        Device::Cpu(_) => twin::embed(table, ids.cpu_read(OP)?.u32(), m, dst.cpu_write(OP)?.f32()),
        Device::Gpu(gpu) => cube::embed(gpu, table, ids, m, dst),
    }
}
