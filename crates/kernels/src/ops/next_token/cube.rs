use super::*;
use crate::device::Gpu;

#[allow(clippy::too_many_arguments)]
pub(super) fn next_token(_gpu: &Gpu, _logits: &Buffer, _vocabulary: usize, _token: &Buffer, _position: &Buffer, _history: &Buffer) -> Result<()> {
    Err(crate::KernelError::Unsupported { op: "next_token", message: "no GPU kernel".into() })
}
