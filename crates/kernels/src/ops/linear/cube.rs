use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn linear(_gpu: &Gpu, _w: &Linear, _x: &Buffer, _m: usize, _low_rank: Option<LowRank<'_>>, _epilogue: Epilogue, _dst: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "linear", message: "no GPU kernel".into() })
}
