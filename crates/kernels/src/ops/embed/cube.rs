use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn embed(_gpu: &Gpu, _table: &Linear, _ids: &Buffer, _m: usize, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "embed", message: "no GPU kernel".into() })
}
