use cubecl::prelude::*;

use super::Words;
use crate::device::Gpu;
use crate::ops::lanes::elementwise;
use crate::{Buffer, Result};

pub(super) fn copy(gpu: &Gpu, src: &Buffer, dst: &Buffer, words: Words) -> Result<()> {
    const OP: &str = "copy";
    let Words { from, to, len } = words;
    let (count, dim) = elementwise(len);
    // SAFETY: the caller checked that `from + len` and `to + len` lie inside the buffers.
    unsafe {
        kernel::launch_unchecked(gpu.launch(), count, dim, src.arg(OP)?, dst.arg(OP)?, from, to, len);
    }
    Ok(())
}

/// One unit per word.
#[cube(launch_unchecked)]
fn kernel(src: &[u32], dst: &mut [u32], from: usize, to: usize, len: usize) {
    let i = ABSOLUTE_POS;
    if i < len {
        dst[to + i] = src[from + i];
    }
}
