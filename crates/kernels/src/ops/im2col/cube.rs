use cubecl::prelude::*;

use super::Im2col;
use crate::Result;
use crate::device::Gpu;
use crate::ops::lanes::{elementwise, vector_width};

pub(super) fn im2col(gpu: &Gpu, args: Im2col<'_>) -> Result<()> {
    const OP: &str = "im2col";
    let Im2col { x, image, patches, dst } = args;
    let vector = vector_width(image.channels);
    let (oh, ow) = (patches.along(image.height), patches.along(image.width));
    let row = patches.width(image.channels) / vector;
    let total = image.batch * oh * ow * row;
    let (count, dim) = elementwise(total);
    // SAFETY: shapes were checked by the caller, and the kernel stays below `total`.
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
            oh,
            ow,
            image.channels / vector,
            row,
            patches.side,
            patches.stride,
            patches.pad,
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
    oh: usize,
    ow: usize,
    channels: usize,
    row: usize,
    #[comptime] side: usize,
    #[comptime] stride: usize,
    #[comptime] pad: usize,
) {
    let pos = ABSOLUTE_POS;
    if pos < total {
        let patch = pos / row;
        let tap = pos % row / channels;
        let c = pos % row % channels;
        let b = patch / (oh * ow);
        // `pad` rows and columns further than the pixel: the padding then needs no signed numbers.
        let y = stride * (patch / ow % oh) + tap / side;
        let z = stride * (patch % ow) + tap % side;
        let mut value = Vector::<f32, V>::new(0.0f32);
        // Taps past the last are zeros that fill the row.
        if tap < comptime!(side * side) && y >= pad && y < height + pad && z >= pad && z < width + pad {
            value = x[((b * height + y - pad) * width + z - pad) * channels + c];
        }
        dst[pos] = value;
    }
}
