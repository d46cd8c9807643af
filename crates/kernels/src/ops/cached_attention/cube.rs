use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn cached_attention(_gpu: &Gpu, _args: CachedAttention<'_>, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "cached_attention", message: "no GPU kernel".into() })
}
