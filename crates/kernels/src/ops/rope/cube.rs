use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn rope_append(_gpu: &Gpu, _args: Rope<'_>) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "rope", message: "no GPU kernel".into() })
}
