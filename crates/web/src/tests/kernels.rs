//! Every kernel against its twin.

use sightline_kernels::Device;
use sightline_kernels::suite::{Case, cases};
use wasm_bindgen::JsValue;

use super::Reporter;
use crate::clock;

/// Number of cases.
pub(super) fn count() -> usize {
    cases().len()
}

/// Runs them one after the other.
pub(super) async fn run(device: &Device, reporter: &Reporter) -> Result<(), JsValue> {
    for case in cases() {
        let name = format!("wgpu::{}", case.name);
        if reporter.wants(&name) {
            let started = clock::now();
            let result = check(&case, device).await;
            reporter.case(&name, started, result)?;
        }
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
