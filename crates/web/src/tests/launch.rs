//! What a launch costs the host: the one timed test. It guards the call in `start.rs`, whose
//! absence changes nothing else.

use sightline_kernels::{Device, ops};
use wasm_bindgen::JsValue;

use super::Reporter;
use crate::clock;

/// Milliseconds a launch may take to enqueue. Measured 0.02 with the constructors called once, 5
/// without.
const LIMIT_MS: f64 = 0.5;
/// The case's name.
pub(super) const NAME: &str = "launch/cost";
const BATCHES: usize = 9;
const LAUNCHES: usize = 50;
const WIDTH: usize = 576;

/// Times batches of launches and compares the median with the limit.
pub(super) async fn run(device: &Device, reporter: &Reporter) -> Result<(), JsValue> {
    let started = clock::now();
    let result = match measure(device).await {
        Ok(ms) if ms < LIMIT_MS => Ok(format!("{ms:.3} ms a launch, limit {LIMIT_MS}")),
        Ok(ms) => Err(format!("{ms:.3} ms a launch, limit {LIMIT_MS}")),
        Err(error) => Err(error.to_string()),
    };
    reporter.case(NAME, started, result)
}

async fn measure(device: &Device) -> sightline_kernels::Result<f64> {
    let norm = ops::RmsNorm {
        x: &device.upload_f32(&[1.0; WIDTH]).reshape([1, WIDTH])?,
        weight: &device.upload_f32(&[1.0; WIDTH]),
        eps: 1e-5,
        rows: 1,
        dst: &device.empty_f32([1, WIDTH]),
    };
    let launch = || ops::rms_norm(device, norm);
    // Compiles the kernel.
    launch()?;
    device.sync().await?;
    let mut costs = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let started = clock::now();
        for _ in 0..LAUNCHES {
            launch()?;
        }
        costs.push((clock::now() - started) / LAUNCHES as f64);
        device.sync().await?;
    }
    costs.sort_by(f64::total_cmp);
    Ok(costs[BATCHES / 2])
}
