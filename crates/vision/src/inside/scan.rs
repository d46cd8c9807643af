//! What a selective scan carries from one place of a picture to another.

use sightline_kernels::ops::{DIRECTIONS, ScanSizes, scan_pixel};
use sightline_kernels::{Buffer, Device, KernelError};

/// Inputs of one block's scan on the device, as [`sightline_kernels::ops::SelectiveScan`] takes
/// them.
pub(crate) struct ScanBuffers {
    pub(crate) u: Buffer,
    pub(crate) delta: Buffer,
    pub(crate) proj: Buffer,
    pub(crate) a: Buffer,
    pub(crate) d: Buffer,
    pub(crate) dt_bias: Buffer,
    pub(crate) sizes: ScanSizes,
}

impl ScanBuffers {
    pub(super) async fn read(&self, device: &Device) -> Result<ScanInputs, KernelError> {
        Ok(ScanInputs {
            u: device.read_f32(&self.u).await?,
            delta: device.read_f32(&self.delta).await?,
            proj: device.read_f32(&self.proj).await?,
            a: device.read_f32(&self.a).await?,
            d: device.read_f32(&self.d).await?,
            dt_bias: device.read_f32(&self.dt_bias).await?,
            sizes: self.sizes,
        })
    }
}

/// Inputs of one block's scan for one picture.
///
/// The scan is linear in its input `u` once step sizes, B and C are known. So the output at a pixel
/// is a sum over directions and over the pixels that each direction has passed: in direction `k`,
/// pixel `s` gives `C_t . (product of exp(delta_j A) for j after s up to t) delta_s B_s u_s` to the
/// output at `t`, and `D u_t` besides where `s` is `t`.
#[derive(Clone, Debug)]
pub struct ScanInputs {
    u: Vec<f32>,
    delta: Vec<f32>,
    proj: Vec<f32>,
    a: Vec<f32>,
    d: Vec<f32>,
    dt_bias: Vec<f32>,
    sizes: ScanSizes,
}

impl ScanInputs {
    /// Number of directions.
    pub const DIRECTIONS: usize = DIRECTIONS;

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.sizes.channels
    }

    /// Calls `each` with every pixel that direction `direction` has passed when it comes to `pixel`,
    /// nearest first, and with what that pixel gives to the output there, `[channels]`. The sum over
    /// all pixels and directions is the scan's output. Does nothing for a pixel or a direction that
    /// is not there.
    pub fn sources(&self, direction: usize, pixel: usize, mut each: impl FnMut(usize, &[f64])) {
        let ScanSizes {
            height,
            width,
            channels,
            state,
            ..
        } = self.sizes;
        let place = |step: usize| scan_pixel(direction, step, height, width);
        let steps = 0..self.sizes.length();
        let Some(last) = steps.clone().find(|&step| place(step) == pixel && direction < DIRECTIONS) else {
            return;
        };
        // `[channels, state]`: C of the pixel, times the decay since the source.
        let c = self.row(direction, pixel, state);
        let mut reach: Vec<f64> = (0..channels * state).map(|i| f64::from(c[i % state])).collect();
        let mut given = vec![0.0; channels];
        for step in (0..=last).rev() {
            let from = place(step);
            let b = self.row(direction, from, 0);
            for (channel, given) in given.iter_mut().enumerate() {
                let u = f64::from(self.u[from * channels + channel]);
                let dt = self.step_size(direction, from, channel);
                *given = match step == last {
                    true => f64::from(self.d[direction * channels + channel]) * u,
                    false => 0.0,
                };
                for n in 0..state {
                    let reach = &mut reach[channel * state + n];
                    *given += *reach * dt * f64::from(b[n]) * u;
                    let a = f64::from(self.a[(direction * channels + channel) * state + n]);
                    *reach *= (dt * a).exp();
                }
            }
            each(from, &given);
        }
    }

    /// How much every pixel gives to the output at `pixel` in one direction: the length of the
    /// vector over channels. 0 where the direction comes later.
    ///
    /// # Shapes
    /// The result is `[pixels]`.
    pub fn strengths(&self, direction: usize, pixel: usize) -> Vec<f64> {
        let mut strengths = vec![0.0; self.sizes.length()];
        self.sources(direction, pixel, |from, given| {
            strengths[from] = given.iter().map(|v| v * v).sum::<f64>().sqrt();
        });
        strengths
    }

    /// What one direction adds to the output at `pixel`, `[channels]`: the sum over its sources.
    pub fn output(&self, direction: usize, pixel: usize) -> Vec<f64> {
        let mut sum = vec![0.0; self.sizes.channels];
        self.sources(direction, pixel, |_, given| {
            for (sum, given) in sum.iter_mut().zip(given) {
                *sum += given;
            }
        });
        sum
    }

    /// B (`from` 0) or C (`from` the state size) of a pixel in one direction, `[state]`.
    fn row(&self, direction: usize, pixel: usize, from: usize) -> &[f32] {
        let ScanSizes { rank, state, .. } = self.sizes;
        let width = rank + 2 * state;
        &self.proj[(pixel * DIRECTIONS + direction) * width + rank + from..][..state]
    }

    fn step_size(&self, direction: usize, pixel: usize, channel: usize) -> f64 {
        let channels = self.sizes.channels;
        let raw = f64::from(self.delta[(pixel * DIRECTIONS + direction) * channels + channel])
            + f64::from(self.dt_bias[direction * channels + channel]);
        // softplus
        raw.max(0.0) + (-raw.abs()).exp().ln_1p()
    }
}
