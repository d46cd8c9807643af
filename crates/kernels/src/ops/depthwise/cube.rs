use cubecl::prelude::*;

use super::Depthwise;
use crate::Result;
use crate::device::Gpu;
use crate::ops::lanes::{elementwise, vector_width};

/// Number of pixels in a row that one thread computes if there is enough work. Neighbours share all
/// columns but one.
const RUN: usize = 4;

/// Number of threads that keep a large GPU busy. With fewer, each thread computes one pixel.
const BUSY: usize = 1 << 18;

pub(super) fn depthwise(gpu: &Gpu, args: Depthwise<'_>) -> Result<()> {
    const OP: &str = "depthwise";
    let Depthwise {
        x,
        weight,
        bias,
        image,
        side,
        silu,
        dst,
    } = args;
    let vector = vector_width(image.channels);
    let channels = image.channels / vector;
    let threads = |run: usize| image.batch * image.height * image.width.div_ceil(run) * channels;
    let run = if threads(RUN) >= BUSY { RUN } else { 1 };
    let (count, dim) = elementwise(threads(run));
    // SAFETY: shapes were checked by the caller, and the kernel writes only pixels of `image`.
    unsafe {
        kernel::launch_unchecked(
            gpu.launch(),
            count,
            dim,
            vector,
            x.arg(OP)?,
            weight.arg(OP)?,
            // Without a bias the weights take its place; the kernel then never reads the argument.
            bias.unwrap_or(weight).arg(OP)?,
            dst.arg(OP)?,
            threads(run),
            image.height,
            image.width,
            channels,
            run,
            bias.is_some(),
            side,
            silu,
        );
    }
    Ok(())
}

/// One thread per vector of channels of `run` neighbouring pixels.
#[cube(launch_unchecked)]
fn kernel<V: Size>(
    x: &[Vector<f32, V>],
    weight: &[Vector<f32, V>],
    bias: &[Vector<f32, V>],
    dst: &mut [Vector<f32, V>],
    total: usize,
    height: usize,
    width: usize,
    channels: usize,
    #[comptime] run: usize,
    #[comptime] with_bias: bool,
    #[comptime] side: usize,
    #[comptime] activated: bool,
) {
    let pos = ABSOLUTE_POS;
    if pos < total {
        let c = pos % channels;
        let runs = (width + comptime!(run - 1)) / run;
        let first = pos / channels % runs * run;
        let row = pos / channels / runs;
        let y = row % height;
        let zero = Vector::<f32, V>::new(0.0f32);
        let mut start = zero;
        if comptime!(with_bias) {
            start = bias[c];
        }
        let mut sums = Array::<Vector<f32, V>>::new(run);
        #[unroll]
        for i in 0..run {
            sums[i] = start;
        }
        let pad = comptime!(side / 2);
        for ky in 0..side {
            let ty = y + ky;
            if ty >= pad && ty < height + pad {
                // Row `row - y + ty - pad` of all pictures' rows is inside the same picture.
                let line = (row + ky - pad) * width;
                let mut filter = Array::<Vector<f32, V>>::new(side);
                #[unroll]
                for kx in 0..side {
                    filter[kx] = weight[(ky * side + kx) * channels + c];
                }
                #[unroll]
                for i in 0..comptime!(run + side - 1) {
                    // Column `first + i - pad`, zero outside.
                    let column = first + i;
                    let mut value = zero;
                    if column >= pad && column < width + pad {
                        value = x[(line + column - pad) * channels + c];
                    }
                    // It is tap `kx = i - o` of output `o`.
                    #[unroll]
                    for kx in 0..side {
                        if comptime!(i >= kx && i - kx < run) {
                            sums[comptime!(i.saturating_sub(kx))] += value * filter[kx];
                        }
                    }
                }
            }
        }
        #[unroll]
        for i in 0..run {
            if first + i < width {
                let mut value = sums[i];
                if comptime!(activated) {
                    value = silu::<V>(value);
                }
                dst[(row * width + first + i) * channels + c] = value;
            }
        }
    }
}

/// `x / (1 + exp(-x))`; the exponent is bounded, because WGSL does not define infinities.
#[cube]
fn silu<V: Size>(x: Vector<f32, V>) -> Vector<f32, V> {
    let one = Vector::<f32, V>::new(1.0f32);
    let bounded = max(x, Vector::<f32, V>::new(-80.0f32));
    x / (one + (Vector::<f32, V>::new(0.0f32) - bounded).exp())
}
