use super::{DIRECTIONS, ScanSizes};
use crate::parallel::for_each_chunk;

/// Host slices of the buffers of [`super::SelectiveScan`].
pub(crate) struct Inputs<'a> {
    pub u: &'a [f32],
    pub delta: &'a [f32],
    pub proj: &'a [f32],
    pub a: &'a [f32],
    pub d: &'a [f32],
    pub dt_bias: &'a [f32],
}

/// The pixel that step `l` of direction `k` stands on.
pub(crate) fn pixel(k: usize, l: usize, height: usize, width: usize) -> usize {
    let step = if k >= 2 { height * width - 1 - l } else { l };
    if k % 2 == 1 {
        (step % height) * width + step / height
    } else {
        step
    }
}

/// Plain-Rust reference of [`super::selective_scan`]. A task owns one picture and one stripe of
/// channels.
pub(crate) fn selective_scan(sizes: &ScanSizes, inputs: &Inputs<'_>, dst: &mut [f32]) {
    const STRIPE: usize = 16;
    let (length, channels) = (sizes.length(), sizes.channels);
    let stripes = channels.div_ceil(STRIPE);
    // [batch, stripes, length, STRIPE], so that no two tasks write to the same place; copied into
    // place below.
    let mut sums = vec![0.0f64; sizes.batch * stripes * length * STRIPE];
    for_each_chunk(&mut sums, length * STRIPE, |task, sums| {
        let (batch, first) = (task / stripes, task % stripes * STRIPE);
        let lanes = STRIPE.min(channels - first);
        for k in 0..DIRECTIONS {
            direction(sizes, inputs, batch, k, first, lanes, sums);
        }
    });
    for_each_chunk(dst, channels, |row, dst| {
        let (batch, pixel) = (row / length, row % length);
        for (stripe, dst) in dst.chunks_mut(STRIPE).enumerate() {
            let from = ((batch * stripes + stripe) * length + pixel) * STRIPE;
            for (dst, &sum) in dst.iter_mut().zip(&sums[from..]) {
                *dst = sum as f32;
            }
        }
    });
}

/// Adds one direction's outputs for `lanes` channels from `first` on to `sums` `[length, STRIPE]`.
fn direction(
    sizes: &ScanSizes,
    inputs: &Inputs<'_>,
    batch: usize,
    k: usize,
    first: usize,
    lanes: usize,
    sums: &mut [f64],
) {
    let (length, channels, n, rank) = (sizes.length(), sizes.channels, sizes.state, sizes.rank);
    let stripe = sums.len() / length;
    let width = rank + 2 * n;
    let mut state = vec![0.0f64; lanes * n];
    for l in 0..length {
        let pixel = pixel(k, l, sizes.height, sizes.width);
        let row = batch * length + pixel;
        let bc = &inputs.proj[(row * DIRECTIONS + k) * width + rank..][..2 * n];
        for lane in 0..lanes {
            let c = first + lane;
            let u = f64::from(inputs.u[row * channels + c]);
            let raw = f64::from(inputs.delta[(row * DIRECTIONS + k) * channels + c])
                + f64::from(inputs.dt_bias[k * channels + c]);
            let dt = raw.max(0.0) + (-raw.abs()).exp().ln_1p();
            let mut y = f64::from(inputs.d[k * channels + c]) * u;
            for (i, h) in state[lane * n..][..n].iter_mut().enumerate() {
                let a = f64::from(inputs.a[(k * channels + c) * n + i]);
                *h = (dt * a).exp() * *h + dt * f64::from(bc[i]) * u;
                y += f64::from(bc[n + i]) * *h;
            }
            sums[pixel * stripe + lane] += y;
        }
    }
}
