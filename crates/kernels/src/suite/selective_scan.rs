use super::{Case, Report, TOLERANCE_F32, compare, hash_vec, unwritten};
use crate::ops::selective_scan::{SelectiveScan, twin};
use crate::ops::{DIRECTIONS, ScanKernel, selective_scan_with, selective_scan_workspace};
use crate::{Buffer, Device, Result};

/// Sizes of a case.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) rank: usize,
    pub(super) state: usize,
}

/// Values of every argument.
pub(super) struct Values {
    pub(super) u: Vec<f32>,
    pub(super) delta: Vec<f32>,
    pub(super) proj: Vec<f32>,
    pub(super) a: Vec<f32>,
    pub(super) d: Vec<f32>,
    pub(super) dt_bias: Vec<f32>,
}

impl Sizes {
    fn arguments<'a>(&self, [u, delta, proj, a, d, dt_bias]: &'a [Buffer; 6]) -> SelectiveScan<'a> {
        SelectiveScan {
            u,
            delta,
            proj,
            a,
            d,
            dt_bias,
            batch: self.batch,
            height: self.height,
            width: self.width,
            channels: self.channels,
            rank: self.rank,
            state: self.state,
        }
    }
}

pub(super) fn cases(cases: &mut Vec<Case>) {
    let sizes = |[batch, height, width, channels, rank, state]: [usize; 6]| Sizes {
        batch,
        height,
        width,
        channels,
        rank,
        state,
    };
    let shapes = [
        // The shipped encoder and VMamba-T at 224 px.
        [1, 56, 56, 96, 6, 1],
        [1, 28, 28, 192, 12, 1],
        [1, 14, 14, 384, 24, 1],
        // VMamba-S and VMamba-B, whose inner width is twice the block's.
        [1, 56, 56, 192, 6, 1],
        [1, 28, 28, 384, 12, 1],
        [1, 14, 14, 768, 24, 1],
        [1, 56, 56, 256, 8, 1],
        [1, 28, 28, 512, 16, 1],
        [1, 14, 14, 1024, 32, 1],
        // Batches: several pictures in one cube grid, with and without splits of the length.
        [2, 56, 56, 96, 6, 1],
        [3, 28, 28, 192, 12, 1],
        [2, 14, 14, 384, 24, 1],
        // Odd sides, and channels that do not fill a tile.
        [2, 13, 7, 24, 3, 1],
        [1, 51, 40, 96, 6, 1],
        [1, 1, 1, 5, 1, 1],
        [3, 1, 9, 7, 2, 1],
        [1, 9, 1, 40, 2, 2],
        [1, 31, 33, 33, 4, 3],
        // Larger states, at full size where a state is a power of two.
        [1, 28, 28, 64, 4, 2],
        [1, 56, 56, 32, 4, 8],
        [2, 14, 14, 48, 4, 16],
        [1, 51, 40, 16, 4, 16],
        // 448 px: many splits.
        [1, 112, 112, 32, 6, 1],
    ];
    for s in shapes.map(sizes) {
        let Sizes {
            batch,
            height,
            width,
            channels,
            state,
            ..
        } = s;
        let shape = format!("{batch}x{height}x{width}x{channels},n{state}");
        for (label, kernel) in [("cube", ScanKernel::Cube), ("wgsl", ScanKernel::Wgsl)] {
            let case = Case::new(
                format!("selective_scan.{label}/{shape}"),
                TOLERANCE_F32,
                move |device| async move { run(&device, kernel, s, &values(s)).await },
            );
            cases.push(if kernel == ScanKernel::Wgsl {
                case.wgsl_only()
            } else {
                case
            });
        }
    }
}

/// Step sizes from 0.001 to 1 and rates from -0.1 to -16, as in trained models: some states forget
/// at once, some never.
fn values(s: Sizes) -> Values {
    let (pixels, kc) = (s.batch * s.height * s.width, DIRECTIONS * s.channels);
    let rates = hash_vec(kc * s.state, 4, 1.0);
    Values {
        u: hash_vec(pixels * s.channels, 1, 4.0),
        delta: hash_vec(pixels * kc, 2, 6.0),
        proj: hash_vec(pixels * DIRECTIONS * (s.rank + 2 * s.state), 3, 2.0),
        a: rates.iter().map(|v| -1.26 * (5.0 * v).exp()).collect(),
        d: hash_vec(kc, 5, 2.0),
        dt_bias: hash_vec(kc, 6, 4.0).iter().map(|v| v - 4.0).collect(),
    }
}

async fn run(device: &Device, kernel: ScanKernel, s: Sizes, v: &Values) -> Result<Report> {
    Ok(compare(&run_on(device, kernel, s, v).await?, &twin_of(s, v)))
}

/// The device's output.
pub(super) async fn run_on(device: &Device, kernel: ScanKernel, s: Sizes, v: &Values) -> Result<Vec<f32>> {
    let words = selective_scan_workspace(s.batch, s.height, s.width, s.channels, s.state);
    let workspace = unwritten(device, words);
    let dst = unwritten(device, s.batch * s.height * s.width * s.channels);
    let buffers = [&v.u, &v.delta, &v.proj, &v.a, &v.d, &v.dt_bias].map(|values| device.upload_f32(values));
    selective_scan_with(device, kernel, s.arguments(&buffers), &workspace, &dst)?;
    device.read_f32(&dst).await
}

/// The twin's output.
pub(super) fn twin_of(s: Sizes, v: &Values) -> Vec<f32> {
    let inputs = twin::Inputs {
        u: &v.u,
        delta: &v.delta,
        proj: &v.proj,
        a: &v.a,
        d: &v.d,
        dt_bias: &v.dt_bias,
    };
    // The twin takes its sizes from the arguments and its values from `inputs`.
    let none = [(); 6].map(|()| Device::cpu().empty_f32(1));
    let mut dst = vec![0.0; s.batch * s.height * s.width * s.channels];
    twin::selective_scan(&s.arguments(&none), &inputs, &mut dst);
    dst
}
