use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn depthwise_silu(_gpu: &Gpu, _x: &Buffer, _weight: &Buffer, _bias: Option<&Buffer>, _image: Image, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "depthwise", message: "no GPU kernel".into() })
}
