use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn im2col(_gpu: &Gpu, _x: &Buffer, _image: Image, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "im2col", message: "no GPU kernel".into() })
}
