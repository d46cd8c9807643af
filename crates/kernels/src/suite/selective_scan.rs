use super::{Case, Report, TOLERANCE_F32, compare, hash_vec, unwritten, uploaded};
use crate::ops::selective_scan::twin;
use crate::ops::{DIRECTIONS, ScanKernel, ScanSizes, SelectiveScan, selective_scan_with};
use crate::{Device, Result};

/// Values of every argument.
pub(super) struct Values {
    pub(super) u: Vec<f32>,
    pub(super) delta: Vec<f32>,
    pub(super) proj: Vec<f32>,
    pub(super) a: Vec<f32>,
    pub(super) d: Vec<f32>,
    pub(super) dt_bias: Vec<f32>,
}

pub(super) fn cases(cases: &mut Vec<Case>) {
    let sizes = |[batch, height, width, channels, rank, state]: [usize; 6]| ScanSizes {
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
        let ScanSizes {
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
fn values(s: ScanSizes) -> Values {
    let (pixels, kc) = (s.pixels(), DIRECTIONS * s.channels);
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

async fn run(device: &Device, kernel: ScanKernel, s: ScanSizes, v: &Values) -> Result<Report> {
    Ok(compare(&run_on(device, kernel, s, v).await?, &twin_of(s, v)))
}

/// The device's output.
pub(super) async fn run_on(device: &Device, kernel: ScanKernel, s: ScanSizes, v: &Values) -> Result<Vec<f32>> {
    let (pixels, directions) = (s.pixels(), [DIRECTIONS, s.channels]);
    let stride = DIRECTIONS * (s.rank + 2 * s.state);
    let dst = unwritten(device, [pixels, s.channels])?;
    let args = SelectiveScan {
        u: &uploaded(device, &v.u, [pixels, s.channels])?,
        delta: &uploaded(device, &v.delta, [pixels, DIRECTIONS * s.channels])?,
        proj: &uploaded(device, &v.proj, [pixels, stride])?,
        a: &uploaded(device, &v.a, [DIRECTIONS, s.channels, s.state])?,
        d: &uploaded(device, &v.d, directions)?,
        dt_bias: &uploaded(device, &v.dt_bias, directions)?,
        sizes: s,
        workspace: &unwritten(device, s.workspace())?,
        dst: &dst,
    };
    selective_scan_with(device, kernel, args)?;
    device.read_f32(&dst).await
}

/// The twin's output.
pub(super) fn twin_of(s: ScanSizes, v: &Values) -> Vec<f32> {
    let inputs = twin::Inputs {
        u: &v.u,
        delta: &v.delta,
        proj: &v.proj,
        a: &v.a,
        d: &v.d,
        dt_bias: &v.dt_bias,
    };
    let mut dst = vec![0.0; s.pixels() * s.channels];
    twin::selective_scan(&s, &inputs, &mut dst);
    dst
}
