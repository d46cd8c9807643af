//! Rows of an embedding table by token id, from device memory to device memory.

mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Linear, Result, Weight};

/// `dst[i, :] = table[ids[i], :]` for a Q8_0 or f32 table. An id past the table gives its last row.
///
/// # Shapes
/// `ids` `[m]` words, `dst` `[m, table.cols]`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device, or if the
/// table has another format.
pub fn embed(device: &Device, table: &Linear, ids: &Buffer, m: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "embed";
    ids.expect(OP, "ids", m)?;
    dst.expect(OP, "dst", m * table.cols)?;
    if !matches!(table.weight, Weight::Q80 { .. } | Weight::F32 { .. }) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: "a table that is neither Q8_0 nor f32".into(),
        });
    }
    match device {
        Device::Cpu(_) => twin::embed(table, ids.cpu_read(OP)?.u32(), m, dst.cpu_write(OP)?.f32()),
        Device::Gpu(gpu) => cube::embed(gpu, table, ids, m, dst),
    }
}
