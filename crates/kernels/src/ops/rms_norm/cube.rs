use cubecl::prelude::*;

use super::RmsNorm;
use crate::Result;
use crate::device::Gpu;

const THREADS: u32 = 64;

pub(super) fn rms_norm(gpu: &Gpu, args: RmsNorm<'_>) -> Result<()> {
    const OP: &str = "rms_norm";
    // SAFETY: shapes were checked by the caller, and the kernel stays within `rows * width`.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            CubeCount::Static(args.rows as u32, 1, 1),
            CubeDim::new_1d(THREADS),
            args.x.arg(OP)?,
            args.weight.arg(OP)?,
            args.dst.arg(OP)?,
            args.eps,
            args.weight.len(),
            THREADS as usize,
        );
    }
    Ok(())
}

/// One cube per row: every unit sums a stripe, and shared memory adds the partial sums.
#[cube(launch_unchecked)]
fn kernel(x: &[f32], weight: &[f32], dst: &mut [f32], eps: f32, width: usize, #[comptime] threads: usize) {
    let row = CUBE_POS_X as usize * width;
    let unit = UNIT_POS_X as usize;
    let mut partial = Shared::<[f32]>::new_slice(threads);
    let mut sum = 0.0f32;
    let mut i = unit;
    while i < width {
        sum += x[row + i] * x[row + i];
        i += threads;
    }
    partial[unit] = sum;
    sync_cube();
    let mut total = 0.0f32;
    for j in 0..threads {
        total += partial[j];
    }
    let scale = 1.0f32 / (total / width as f32 + eps).sqrt();
    let mut i = unit;
    while i < width {
        dst[row + i] = x[row + i] * scale * weight[i];
        i += threads;
    }
}
