use crate::weight::Host;
use crate::{Linear, Result};

/// Plain-Rust reference of [`super::embed`].
pub(crate) fn embed(table: &Linear, ids: &[u32], dst: &mut [f32]) -> Result<()> {
    let host = Host::lock("embed", table)?;
    for (&id, dst) in ids.iter().zip(dst.chunks_exact_mut(table.cols)) {
        host.plain((id as usize).min(table.rows - 1), dst);
    }
    Ok(())
}
