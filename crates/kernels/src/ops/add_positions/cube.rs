use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn add_positions(_gpu: &Gpu, _x: &Buffer, _row: &Buffer, _col: &Buffer, _grid: Image) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "add_positions", message: "no GPU kernel".into() })
}
