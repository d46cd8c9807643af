//! The path for the CPU: the recurrence of the twin in f32, sixteen channels at a time.

use super::twin::{Inputs, pixel};
use super::{DIRECTIONS, ScanSizes};
use crate::elementary::{exp, softplus};
use crate::parallel::for_each_chunk;

/// Number of channels per task.
const LANES: usize = 16;
/// Largest state.
const STATES: usize = 16;

type Lanes = [f32; LANES];

/// A task owns one picture and one stripe of channels.
pub(super) fn selective_scan(sizes: &ScanSizes, inputs: &Inputs<'_>, dst: &mut [f32]) {
    let (length, channels) = (sizes.length(), sizes.channels);
    let stripes = channels.div_ceil(LANES);
    // [batch, stripes, length, LANES], so that no two tasks write to the same place; copied into
    // place below.
    let mut sums = vec![0.0f32; sizes.batch * stripes * length * LANES];
    for_each_chunk(&mut sums, length * LANES, |task, sums| {
        pulp::Arch::new().dispatch(Stripe {
            sizes,
            inputs,
            batch: task / stripes,
            first: task % stripes * LANES,
            sums,
        });
    });
    for_each_chunk(dst, channels, |row, dst| {
        let (batch, pixel) = (row / length, row % length);
        for (stripe, dst) in dst.chunks_mut(LANES).enumerate() {
            let from = ((batch * stripes + stripe) * length + pixel) * LANES;
            dst.copy_from_slice(&sums[from..][..dst.len()]);
        }
    });
}

/// Channels `first ..` of picture `batch`.
struct Stripe<'a> {
    sizes: &'a ScanSizes,
    inputs: &'a Inputs<'a>,
    batch: usize,
    first: usize,
    /// `[length, LANES]`.
    sums: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Stripe<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        for k in 0..DIRECTIONS {
            self.direction(k);
        }
    }
}

impl Stripe<'_> {
    /// Adds one direction's outputs to the sums.
    #[inline(always)]
    fn direction(&mut self, k: usize) {
        let (sizes, inputs) = (self.sizes, self.inputs);
        let (length, channels, n) = (sizes.length(), sizes.channels, sizes.state);
        let width = sizes.rank + 2 * n;
        let (d, bias) = (
            self.lanes(inputs.d, k * channels),
            self.lanes(inputs.dt_bias, k * channels),
        );
        let mut a = [[0.0f32; LANES]; STATES];
        for (i, a) in a[..n].iter_mut().enumerate() {
            for (lane, a) in a.iter_mut().enumerate().take(channels - self.first) {
                *a = inputs.a[(k * channels + self.first + lane) * n + i];
            }
        }
        let mut state = [[0.0f32; LANES]; STATES];
        for l in 0..length {
            let pixel = pixel(k, l, sizes.height, sizes.width);
            let row = self.batch * length + pixel;
            let (b, c) = inputs.proj[(row * DIRECTIONS + k) * width + sizes.rank..][..2 * n].split_at(n);
            let u = self.lanes(inputs.u, row * channels);
            let mut dt = self.lanes(inputs.delta, (row * DIRECTIONS + k) * channels);
            let mut y = [0.0f32; LANES];
            for j in 0..LANES {
                dt[j] = softplus(dt[j] + bias[j]);
                y[j] = d[j] * u[j];
            }
            for (i, (&b, &c)) in b.iter().zip(c).enumerate() {
                let (a, h) = (&a[i], &mut state[i]);
                for j in 0..LANES {
                    h[j] = exp(dt[j] * a[j]) * h[j] + dt[j] * b * u[j];
                    y[j] += c * h[j];
                }
            }
            for (sum, y) in self.sums[pixel * LANES..][..LANES].iter_mut().zip(y) {
                *sum += y;
            }
        }
    }

    /// This stripe's channels of a row that starts at `row`; zeros past the last.
    #[inline(always)]
    fn lanes(&self, values: &[f32], row: usize) -> Lanes {
        let values = &values[row + self.first..row + self.sizes.channels];
        let mut lanes = [0.0; LANES];
        match values.first_chunk::<LANES>() {
            Some(whole) => lanes = *whole,
            None => lanes[..values.len()].copy_from_slice(values),
        }
        lanes
    }
}
