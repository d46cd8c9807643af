//! The suites that also run natively: every kernel against its twin, both encoders against their
//! goldens.

use sightline_kernels::Device;
use sightline_kernels::suite::Case;
use wasm_bindgen::JsValue;

use super::Reporter;
use crate::clock;

/// Encoders that run here: the shipped pair and the one with a wide state. The published sizes S
/// and B run natively; on a GPU in software they would take most of an hour.
const ENCODERS: [&str; 2] = ["/ours/", "/n16/"];

/// What runs natively alone, for its time: the shipped size is compared here with the weights as
/// they are shipped.
const NATIVE: &str = "/ours/224x224/batch2/f32";

/// A case with its name, and the device that it runs on.
type Placed = (String, Case, Device);

/// All cases on the processor and on the GPU, named as in the native runs.
pub(super) fn cases(gpu: &Device) -> Vec<Placed> {
    let devices = [("cpu", Device::cpu()), ("wgpu", gpu.clone())];
    let placed = devices.into_iter().flat_map(|(backend, device)| {
        let kernels = sightline_kernels::suite::cases().into_iter();
        let encoders = sightline_vision::suite::cases()
            .into_iter()
            .filter(|case| ENCODERS.iter().any(|name| case.name.contains(name)) && !case.name.contains(NATIVE));
        // What a device can never run gets no line.
        let cases = kernels
            .chain(encoders)
            .filter(move |case| backend == "wgpu" || case.runs_on(&Device::cpu()));
        cases.map(move |case| (format!("{backend}::{}", case.name), case, device.clone()))
    });
    placed.collect()
}

/// Runs them one after the other.
pub(super) async fn run(cases: Vec<Placed>, reporter: &Reporter) -> Result<(), JsValue> {
    for (name, case, device) in cases {
        if case.lacks_half(&device) {
            reporter.skipped(&name, "this browser's adapter has no 16-bit floats (shader-f16)")?;
            continue;
        }
        let started = clock::now();
        let result = check(&case, &device).await;
        reporter.case(&name, started, result)?;
    }
    Ok(())
}

async fn check(case: &Case, device: &Device) -> Result<String, String> {
    let report = case.run(device).await.map_err(|e| e.to_string())?;
    // Written so that a NaN fails.
    if report.error <= case.tolerance {
        Ok(format!("error {:.1e} of {:.0e}", report.error, case.tolerance))
    } else {
        Err(format!("{report}; tolerance {:.1e}", case.tolerance))
    }
}
