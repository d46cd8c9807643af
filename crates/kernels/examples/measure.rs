//! Runs the cases of the suite whose names contain the first argument. Prints the error and the
//! seconds of each, worst first. With `scan` it times the two versions of the selective scan
//! instead.
//!
//! ```text
//! cargo run --release -p sightline-kernels --example measure -- attention
//! ```

use std::time::Instant;

use sightline_kernels::ops::{DIRECTIONS, ScanKernel, ScanSizes, SelectiveScan, selective_scan_with};
use sightline_kernels::suite::{cases, hash_vec};
use sightline_kernels::{Device, Result, Shape};

fn main() -> Result<()> {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let device = pollster::block_on(open())?;
    println!("{:?}", device.gpu_info());
    if filter == "scan" {
        return pollster::block_on(scans(&device));
    }
    let mut rows = Vec::new();
    for case in cases() {
        if case.name.contains(&filter) && case.runs_on(&device) {
            let started = Instant::now();
            let report = pollster::block_on(case.run(&device))?;
            rows.push((report.error, started.elapsed().as_secs_f64(), case.name, report));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, seconds, name, report) in &rows {
        println!("{seconds:7.2} s  {name}: {report}");
    }
    let total: f64 = rows.iter().map(|row| row.1).sum();
    println!("{} cases, {total:.1} s", rows.len());
    Ok(())
}

async fn open() -> Result<Device> {
    match Device::wgpu(false).await {
        Ok(device) => Ok(device),
        Err(_) => Device::wgpu(true).await,
    }
}

/// Best of several runs, so that other work on the machine counts least.
async fn scans(device: &Device) -> Result<()> {
    for [batch, side, channels, state] in [
        [1, 56, 96, 1],
        [1, 28, 192, 1],
        [1, 14, 384, 1],
        [4, 28, 192, 1],
        [8, 14, 384, 1],
        [1, 28, 64, 16],
    ] {
        let sizes = ScanSizes {
            batch,
            height: side,
            width: side,
            channels,
            rank: channels / 16,
            state,
        };
        let (pixels, stride) = (sizes.pixels(), DIRECTIONS * (sizes.rank + 2 * state));
        let uploaded = |shape: Shape| device.upload_f32(&hash_vec(shape.len(), 1, 1.0)).reshape(shape);
        let scan = SelectiveScan {
            u: &uploaded([pixels, channels].into())?,
            delta: &uploaded([pixels, DIRECTIONS * channels].into())?,
            proj: &uploaded([pixels, stride].into())?,
            a: &uploaded([DIRECTIONS, channels, state].into())?,
            d: &uploaded([DIRECTIONS, channels].into())?,
            dt_bias: &uploaded([DIRECTIONS, channels].into())?,
            sizes,
            workspace: &device.empty_f32(sizes.workspace()),
            dst: &device.empty_f32([pixels, channels]),
        };
        for kernel in [ScanKernel::Cube, ScanKernel::Wgsl] {
            let mut best = f64::INFINITY;
            for _ in 0..12 {
                let started = Instant::now();
                selective_scan_with(device, kernel, scan)?;
                device.sync().await?;
                best = best.min(started.elapsed().as_secs_f64());
            }
            println!(
                "{batch}x{side}x{side}x{channels},n{state} {kernel:?}: {:.2} ms",
                best * 1e3
            );
        }
    }
    Ok(())
}
