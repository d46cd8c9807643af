use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn copy(_gpu: &Gpu, _src: &Buffer, _from: usize, _dst: &Buffer, _to: usize, _len: usize) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "copy", message: "no GPU kernel".into() })
}
