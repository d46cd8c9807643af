//! What a device does with the kernels, the encoders and the language model, held against what it
//! could do at most.
//!
//! ```no_run
//! use sightline_bench::{Listener, Part, Report, Request, measure};
//! use sightline_kernels::Device;
//!
//! struct Silent;
//!
//! impl Listener for Silent {
//!     fn begins(&self, _what: &str) {}
//!     fn ended(&self) {}
//!     fn measured(&self, _report: &Report) {}
//! }
//!
//! let request = Request {
//!     parts: vec![Part::Kernels],
//!     filter: vec!["selective_scan".to_owned()],
//!     runs: 10,
//!     quick: false,
//!     name: "this CPU".to_owned(),
//! };
//! let report = measure(Device::cpu(), &request, Box::new(Silent))?;
//! println!("{}", serde_json::to_string(&report)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bencher;
mod case;
mod chart;
mod counts;
mod encoder_kernels;
mod encoders;
mod inputs;
mod language;
mod language_kernels;
mod launches;
mod random_language;
mod report;
mod request;
mod scale;

use sightline_kernels::{Device, Peak};

use bencher::Bencher;
use scale::Scale;

pub use chart::draw;
pub use report::{Machine, Report, Row};
pub use request::{BenchError, Listener, Part, Request};

/// Measures.
///
/// # Errors
/// A device that fails before any case, and a filter that leaves no case.
pub fn measure(device: Device, request: &Request, listener: Box<dyn Listener>) -> Result<Report, BenchError> {
    let scale = Scale::of(&device, request.runs, request.quick);
    let mut bencher = Bencher::new(device, scale, request.filter.clone(), listener)?;
    bencher.report.machine = Some(machine(&bencher, &bencher.peak, &request.name));
    for part in &request.parts {
        match part {
            Part::Kernels => {
                encoder_kernels::run(&mut bencher);
                language_kernels::run(&mut bencher);
            }
            Part::Encoder => encoders::run(&mut bencher),
            Part::Prefill => language::prefill(&mut bencher),
            Part::Decode => language::decode(&mut bencher),
            Part::Launch => launches::run(&mut bencher),
        }
    }
    if !bencher.has_found() {
        return Err(BenchError::NoCase(request.filter.join(", ")));
    }
    Ok(bencher.report)
}

/// Facts about the device that every row is read against.
fn machine(bencher: &Bencher, peak: &Peak, name: &str) -> Machine {
    let (device, scale) = (&bencher.device, &bencher.scale);
    Machine {
        sightline: env!("CARGO_PKG_VERSION"),
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        device: name.to_owned(),
        backend: device.backend().name(),
        software: device.gpu_info().is_none_or(|info| info.software),
        cpu_threads: std::thread::available_parallelism().map_or(1, usize::from),
        bytes_per_second: peak.bytes_per_second,
        flops_per_second: peak.flops_per_second,
        runs: scale.runs,
        quick: scale.quick,
    }
}
