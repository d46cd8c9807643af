use cubecl::prelude::*;

use super::SwiGlu;
use crate::Result;
use crate::device::Gpu;
use crate::ops::lanes::{elementwise, silu};

pub(super) fn swiglu(gpu: &Gpu, args: SwiGlu<'_>) -> Result<()> {
    const OP: &str = "swiglu";
    let len = args.rows * args.width;
    let (count, dim) = elementwise(len);
    // SAFETY: shapes were checked by the caller, and the kernel stays within `len` outputs.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            args.gate_up.arg(OP)?,
            args.dst.arg(OP)?,
            len,
            args.width,
        );
    }
    Ok(())
}

/// One unit per value.
#[cube(launch_unchecked)]
fn kernel(gate_up: &[f32], dst: &mut [f32], len: usize, width: usize) {
    let i = ABSOLUTE_POS;
    if i >= len {
        terminate!();
    }
    let from = i / width * width * 2 + i % width;
    dst[i] = silu(gate_up[from]) * gate_up[from + width];
}
