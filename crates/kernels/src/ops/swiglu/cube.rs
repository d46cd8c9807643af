use cubecl::prelude::*;

use crate::device::Gpu;
use crate::ops::lanes::{elementwise, silu};
use crate::{Buffer, Result};

pub(super) fn swiglu(gpu: &Gpu, gate_up: &Buffer, m: usize, width: usize, dst: &Buffer) -> Result<()> {
    const OP: &str = "swiglu";
    let (count, dim) = elementwise(m * width);
    // SAFETY: lengths were checked by the caller, and the kernel stays within `m * width` outputs.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            gate_up.arg(OP)?,
            dst.arg(OP)?,
            m * width,
            width,
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
