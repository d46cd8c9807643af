use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn swiglu(_gpu: &Gpu, _gate_up: &Buffer, _m: usize, _width: usize, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "swiglu", message: "no GPU kernel".into() })
}
