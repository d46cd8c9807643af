//! The tests that run in a browser. The harness of `cargo xtask test` calls [`run_tests`] in a
//! dedicated worker.

mod launch;
mod suites;

use js_sys::Function;
use sightline_kernels::Device;
use sightline_messages::{Outcome, TestEvent, VERSION};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::clock;

/// Runs every case whose name contains `filter`, and calls `report` with a [`TestEvent`] for each.
#[allow(
    unreachable_pub,
    reason = "wasm-bindgen exports public functions only, whatever module they are in"
)]
#[wasm_bindgen]
pub async fn run_tests(filter: String, report: Function) -> Result<(), JsValue> {
    let reporter = Reporter { filter, report };
    // A browser shows one adapter; whether it is software is the browser's business.
    let device = Device::wgpu(false)
        .await
        .map_err(|e| JsValue::from_str(&e.to_string()))?;
    let adapter = device
        .gpu_info()
        .map_or_else(|| "none".to_owned(), |info| format!("{} ({})", info.adapter, info.api));
    let timed = reporter.wants(launch::NAME);
    let mut cases = suites::cases(&device);
    cases.retain(|(name, ..)| reporter.wants(name));
    reporter.send(&TestEvent::Started {
        version: VERSION,
        adapter,
        cases: cases.len() as u32 + u32::from(timed),
    })?;
    // First, while the queue is empty and nothing has grown.
    if timed {
        launch::run(&device, &reporter).await?;
    }
    suites::run(cases, &reporter).await?;
    reporter.send(&TestEvent::Finished)
}

/// Where results go.
struct Reporter {
    filter: String,
    report: Function,
}

impl Reporter {
    /// Whether the case was asked for.
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    fn send(&self, event: &TestEvent) -> Result<(), JsValue> {
        let value = serde_wasm_bindgen::to_value(event)?;
        self.report.call1(&JsValue::NULL, &value).map(|_| ())
    }

    /// Reports a case that began at `started`.
    fn case(&self, name: &str, started: f64, result: Result<String, String>) -> Result<(), JsValue> {
        let (outcome, detail) = match result {
            Ok(detail) => (Outcome::Passed, detail),
            Err(detail) => (Outcome::Failed, detail),
        };
        self.ended(name, started, outcome, detail)
    }

    /// Reports a case that this browser cannot run.
    fn skipped(&self, name: &str, why: &str) -> Result<(), JsValue> {
        self.ended(name, clock::now(), Outcome::Skipped, why.to_owned())
    }

    fn ended(&self, name: &str, started: f64, outcome: Outcome, detail: String) -> Result<(), JsValue> {
        self.send(&TestEvent::Case {
            name: name.to_owned(),
            outcome,
            detail,
            ms: clock::now() - started,
        })
    }
}
