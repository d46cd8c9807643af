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

    /// Calls `each` with every pixel that direction `direction` has passed when it comes to
    /// `pixel`, nearest first, and with what that pixel gives to the output there, `[channels]`.
    /// The sum over all pixels and directions is the scan's output. Does nothing for a pixel or a
    /// direction that is not there.
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
        let Some(last) = steps
            .clone()
            .find(|&step| place(step) == pixel && direction < DIRECTIONS)
        else {
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

#[cfg(test)]
mod tests {
    use sightline_checkpoint::random::values;
    use sightline_kernels::ops::{SelectiveScan, selective_scan};

    use super::*;

    const SIZES: ScanSizes = ScanSizes {
        batch: 1,
        height: 4,
        width: 5,
        channels: 6,
        rank: 2,
        state: 3,
    };

    fn inputs() -> ScanInputs {
        let (pixels, s) = (SIZES.pixels(), SIZES);
        let a = values(DIRECTIONS * s.channels * s.state, 4, 1.0, -1.0);
        ScanInputs {
            u: values(pixels * s.channels, 1, 2.0, 0.0),
            delta: values(pixels * DIRECTIONS * s.channels, 2, 2.0, -1.0),
            proj: values(pixels * DIRECTIONS * (s.rank + 2 * s.state), 3, 2.0, 0.0),
            a,
            d: values(DIRECTIONS * s.channels, 5, 1.0, 1.0),
            dt_bias: values(DIRECTIONS * s.channels, 6, 1.0, -1.0),
            sizes: s,
        }
    }

    /// The kernel's output `[pixels, channels]` for these inputs.
    fn by_kernel(inputs: &ScanInputs) -> Vec<f32> {
        let device = Device::cpu();
        let upload = |values: &[f32], rows: usize| -> Buffer {
            let shape = [rows, values.len() / rows];
            device.upload_f32(values).reshape(shape).expect("a shape")
        };
        let (s, pixels) = (inputs.sizes, inputs.sizes.pixels());
        let a = device.upload_f32(&inputs.a);
        let dst = device.empty_f32([pixels, s.channels]);
        let args = SelectiveScan {
            u: &upload(&inputs.u, pixels),
            delta: &upload(&inputs.delta, pixels),
            proj: &upload(&inputs.proj, pixels),
            a: &a.reshape([DIRECTIONS, s.channels, s.state]).expect("a shape"),
            d: &upload(&inputs.d, DIRECTIONS),
            dt_bias: &upload(&inputs.dt_bias, DIRECTIONS),
            sizes: s,
            workspace: &device.empty_f32(s.workspace()),
            dst: &dst,
        };
        selective_scan(&device, args).expect("a scan");
        pollster::block_on(device.read_f32(&dst)).expect("its output")
    }

    #[test]
    fn directions_sum_to_the_kernels_output() {
        let inputs = inputs();
        let expected = by_kernel(&inputs);
        for (pixel, expected) in expected.chunks_exact(SIZES.channels).enumerate() {
            let mut sum = [0.0; SIZES.channels];
            for direction in 0..DIRECTIONS {
                for (sum, part) in sum.iter_mut().zip(inputs.output(direction, pixel)) {
                    *sum += part;
                }
            }
            for (sum, expected) in sum.iter().zip(expected) {
                assert!((sum - f64::from(*expected)).abs() < 1e-5, "{pixel}: {sum} {expected}");
            }
        }
    }

    /// The kernel's answer to an impulse: all of `u` is 0 but at one pixel, and all directions but
    /// one are silenced.
    #[test]
    fn sources_are_what_the_kernel_answers_to_an_impulse() {
        let whole = inputs();
        let mut met = 0;
        for direction in 0..DIRECTIONS {
            let mut alone = whole.clone();
            for other in (0..DIRECTIONS).filter(|other| *other != direction) {
                alone.d[other * SIZES.channels..][..SIZES.channels].fill(0.0);
                for pixel in 0..SIZES.pixels() {
                    let width = SIZES.rank + 2 * SIZES.state;
                    let c = (pixel * DIRECTIONS + other) * width + SIZES.rank + SIZES.state;
                    alone.proj[c..c + SIZES.state].fill(0.0);
                }
            }
            for from in [0, 7, 13, 19] {
                let mut impulse = alone.clone();
                let kept = from * SIZES.channels..(from + 1) * SIZES.channels;
                impulse.u[..kept.start].fill(0.0);
                impulse.u[kept.end..].fill(0.0);
                let expected = by_kernel(&impulse);
                for pixel in 0..SIZES.pixels() {
                    let mut found = vec![0.0; SIZES.channels];
                    whole.sources(direction, pixel, |source, given| {
                        if source == from {
                            found = given.to_vec();
                            met += 1;
                        }
                    });
                    for (found, expected) in found.iter().zip(&expected[pixel * SIZES.channels..]) {
                        assert!(
                            (found - f64::from(*expected)).abs() < 1e-5,
                            "{direction} {from} {pixel}"
                        );
                    }
                }
            }
        }
        // Of two pixels one is first: forwards and backwards together meet every pair once, and a
        // pixel meets itself in both.
        assert_eq!(met, 2 * 4 * (SIZES.pixels() + 1));
    }

    #[test]
    fn what_is_not_there_has_no_sources() {
        let inputs = inputs();
        for (direction, pixel) in [(DIRECTIONS, 0), (0, SIZES.pixels())] {
            assert!(inputs.output(direction, pixel).iter().all(|v| *v == 0.0));
        }
    }
}
