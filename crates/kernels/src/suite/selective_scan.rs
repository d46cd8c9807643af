use super::{Case, TOLERANCE_F32, compare, hash_vec, unwritten};
use crate::ops::selective_scan::{SelectiveScan, twin};
use crate::ops::{DIRECTIONS, selective_scan, selective_scan_workspace};
use crate::{Device, Result};

/// Sizes of a case.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    rank: usize,
    state: usize,
}

/// Values of every argument.
struct Values {
    u: Vec<f32>,
    delta: Vec<f32>,
    proj: Vec<f32>,
    a: Vec<f32>,
    d: Vec<f32>,
    dt_bias: Vec<f32>,
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
        // Sides that divide nothing, and channels that fill no tile.
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
        let name = format!("selective_scan/{batch}x{height}x{width}x{channels},n{state}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            run(&device, s, &values(s)).await
        }));
    }
}

/// Step sizes from 0.001 to 1 and rates from -0.1 to -16, as trained models have them: some states forget at once, some never.
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

async fn run(device: &Device, s: Sizes, v: &Values) -> Result<super::Report> {
    let len = s.batch * s.height * s.width * s.channels;
    let words = selective_scan_workspace(s.batch, s.height, s.width, s.channels, s.state);
    let (workspace, dst) = (unwritten(device, words), unwritten(device, len));
    let buffers = [&v.u, &v.delta, &v.proj, &v.a, &v.d, &v.dt_bias].map(|values| device.upload_f32(values));
    let [u, delta, proj, a, d, dt_bias] = &buffers;
    let scan = SelectiveScan {
        u,
        delta,
        proj,
        a,
        d,
        dt_bias,
        batch: s.batch,
        height: s.height,
        width: s.width,
        channels: s.channels,
        rank: s.rank,
        state: s.state,
    };
    let inputs = twin::Inputs {
        u: &v.u,
        delta: &v.delta,
        proj: &v.proj,
        a: &v.a,
        d: &v.d,
        dt_bias: &v.dt_bias,
    };
    let mut expected = vec![0.0; len];
    twin::selective_scan(&scan, &inputs, &mut expected);
    selective_scan(device, scan, &workspace, &dst)?;
    Ok(compare(&device.read_f32(&dst).await?, &expected))
}
