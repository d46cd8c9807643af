use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn attention(_gpu: &Gpu, _qkv: &Buffer, _sizes: Attention, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "attention", message: "no GPU kernel".into() })
}
