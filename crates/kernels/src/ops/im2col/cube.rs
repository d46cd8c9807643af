use cubecl::prelude::*;

use super::{Image, im2col_width};
use crate::device::Gpu;
use crate::ops::lanes::{elementwise, vector_width};
use crate::{Buffer, Result};

pub(super) fn im2col(gpu: &Gpu, x: &Buffer, image: Image, dst: &Buffer) -> Result<()> {
    const OP: &str = "im2col";
    let vector = vector_width(image.channels);
    let (oh, ow) = (image.height.div_ceil(2), image.width.div_ceil(2));
    let row = im2col_width(image.channels) / vector;
    let total = image.batch * oh * ow * row;
    let (count, dim) = elementwise(total);
    // SAFETY: lengths were checked by the caller, and the kernel stays below `total`.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            vector,
            x.arg(OP)?,
            dst.arg(OP)?,
            total,
            image.height,
            image.width,
            image.channels / vector,
            row,
        );
    }
    Ok(())
}

/// One thread per vector of one patch.
#[cube(launch_unchecked)]
fn kernel<V: Size>(
    x: &[Vector<f32, V>],
    dst: &mut [Vector<f32, V>],
    total: usize,
    height: usize,
    width: usize,
    channels: usize,
    row: usize,
) {
    let pos = ABSOLUTE_POS;
    if pos < total {
        let (oh, ow) = (height.div_ceil(2), width.div_ceil(2));
        let patch = pos / row;
        let tap = pos % row / channels;
        let c = pos % row % channels;
        let b = patch / (oh * ow);
        // One row and column further than the pixel: the padding then needs no signed numbers.
        let y = 2 * (patch / ow % oh) + tap / 3;
        let z = 2 * (patch % ow) + tap % 3;
        let mut value = Vector::<f32, V>::new(0.0f32);
        // Taps past the ninth are zeros that fill the row.
        if tap < 9 && y >= 1 && y <= height && z >= 1 && z <= width {
            value = x[((b * height + y - 1) * width + z - 1) * channels + c];
        }
        dst[pos] = value;
    }
}
