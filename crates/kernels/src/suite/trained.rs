//! The scan with trained parameters (PyPI `opensr-mamba`, d_state 16) against the twin, and against
//! an f64 loop in Python (`tests/goldens/ss2d/make.py`).

use super::selective_scan::{Values, run_on, twin_of};
use super::{Case, Report, TOLERANCE_F32, compare, hash_vec, seed_of, unwritten, uploaded};
use crate::ops::{self, DIRECTIONS, DtProject, ScanKernel, ScanSizes};
use crate::{Device, Result};

/// Parameters of three blocks, outputs for three sizes each.
static GOLDEN: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/goldens/ss2d/trained.safetensors"
));

const CHANNELS: usize = 90;
const RANK: usize = 4;
const STATE: usize = 16;
/// Number of positions whose whole output is stored.
const KEPT: usize = 24;

pub(super) fn cases(cases: &mut Vec<Case>) {
    for block in 0..3 {
        for (height, width) in [(14, 14), (13, 10), (5, 23)] {
            let sizes = ScanSizes {
                batch: 1,
                height,
                width,
                channels: CHANNELS,
                rank: RANK,
                state: STATE,
            };
            for (label, kernel) in [("cube", ScanKernel::Cube), ("wgsl", ScanKernel::Wgsl)] {
                let name = format!("selective_scan.{label}/trained,block{block},{height}x{width}");
                let case = Case::new(name, TOLERANCE_F32, move |device| async move {
                    check(&device, kernel, block, sizes).await
                });
                cases.push(if kernel == ScanKernel::Wgsl {
                    case.wgsl_only()
                } else {
                    case
                });
            }
        }
    }
}

/// The worse of the two comparisons.
async fn check(device: &Device, kernel: ScanKernel, block: usize, s: ScanSizes) -> Result<Report> {
    let size = format!("{}x{}", s.height, s.width);
    let mut values = values(block, &size, s);
    let delta = unwritten(device, [s.pixels(), DIRECTIONS * CHANNELS])?;
    let weight = tensor(&format!("block{block}.dt_projs_weight"));
    let args = DtProject {
        proj: &uploaded(device, &values.proj, [s.pixels(), DIRECTIONS * (RANK + 2 * STATE)])?,
        weight: &uploaded(device, &weight, [DIRECTIONS, CHANNELS, RANK])?,
        pixels: s.pixels(),
        channels: CHANNELS,
        rank: RANK,
        state: STATE,
        dst: &delta,
    };
    ops::dt_project(device, args)?;
    values.delta = device.read_f32(&delta).await?;
    let found = run_on(device, kernel, s, &values).await?;
    let by_twin = compare(&found, &twin_of(s, &values));
    let by_golden = golden(block, &size, &found);
    Ok(if by_twin.error > by_golden.error {
        by_twin
    } else {
        by_golden
    })
}

/// The stored parameters, with `x_proj` applied here in f64. `delta` is left empty, at its length.
fn values(block: usize, size: &str, s: ScanSizes) -> Values {
    let pixels = s.height * s.width;
    let stored = |name: &str| tensor(&format!("block{block}.{name}"));
    let u = hash_vec(pixels * CHANNELS, seed_of(&format!("ss2d.input.{block}.{size}")), 1.0);
    let x_proj = stored("x_proj_weight");
    let mut proj = Vec::new();
    for u in u.chunks_exact(CHANNELS) {
        for row in x_proj.chunks_exact(CHANNELS) {
            proj.push(
                row.iter()
                    .zip(u)
                    .map(|(&w, &u)| f64::from(w) * f64::from(u))
                    .sum::<f64>() as f32,
            );
        }
    }
    Values {
        u,
        delta: vec![0.0; pixels * DIRECTIONS * CHANNELS],
        proj,
        a: stored("A_logs").iter().map(|&v| -f64::from(v).exp() as f32).collect(),
        d: stored("Ds"),
        dt_bias: stored("dt_projs_bias"),
    }
}

/// Compares the stored parts of an output `[pixels, channels]`: whole rows, and the length and one
/// projection of every row.
fn golden(block: usize, size: &str, found: &[f32]) -> Report {
    let stored = |name: &str| tensor(&format!("block{block}.{size}.{name}"));
    let pixels = found.len() / CHANNELS;
    let kept: Vec<f32> = (0..KEPT)
        .flat_map(|i| &found[(2 * i + 1) * pixels / (2 * KEPT) * CHANNELS..][..CHANNELS])
        .copied()
        .collect();
    let probe = hash_vec(CHANNELS, seed_of("probe"), 2.0);
    let rows = || found.chunks_exact(CHANNELS);
    let squares = |row: &[f32]| row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
    let project = |row: &[f32]| {
        row.iter()
            .zip(&probe)
            .map(|(&v, &p)| f64::from(v) * f64::from(p))
            .sum::<f64>()
    };
    let lengths: Vec<f32> = rows().map(|row| squares(row).sqrt() as f32).collect();
    let projections: Vec<f32> = rows().map(|row| project(row) as f32).collect();
    [
        compare(&kept, &stored("y")),
        compare(&lengths, &stored("l2")),
        compare(&projections, &stored("probe")),
    ]
    .into_iter()
    .max_by(|a, b| a.error.total_cmp(&b.error))
    .expect("three reports")
}

/// A tensor of the golden file. The file is our own, so an unsound one may panic.
fn tensor(name: &str) -> Vec<f32> {
    let header_len = u64::from_le_bytes(GOLDEN[..8].try_into().expect("8 bytes")) as usize;
    let (header, data) = GOLDEN[8..].split_at(header_len);
    let header = std::str::from_utf8(header).expect("a JSON header");
    let entry = header.split_once(&format!("\"{name}\":")).expect("the tensor's name").1;
    let offsets = entry.split_once("\"data_offsets\":[").expect("its offsets").1;
    let (from, to) = offsets
        .split_once(']')
        .and_then(|(range, _)| range.split_once(','))
        .expect("two offsets");
    let parse = |number: &str| number.trim().parse::<usize>().expect("a number");
    bytemuck::pod_collect_to_vec(&data[parse(from)..parse(to)])
}
