use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn dt_project(_gpu: &Gpu, _proj: &Buffer, _weight: &Buffer, _sizes: DtProject, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "dt_project", message: "no GPU kernel".into() })
}
