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
//!
//! [`pass`] is one encoder on pictures of one size, and [`fit`] what its times say about larger
//! ones. A browser measures with these two alone; all else has the feature `native`.

pub mod fit;
pub mod pass;

#[cfg(feature = "native")]
mod bencher;
#[cfg(feature = "native")]
mod case;
#[cfg(feature = "native")]
mod chart;
#[cfg(feature = "native")]
mod counts;
#[cfg(feature = "native")]
mod encoder_kernels;
#[cfg(feature = "native")]
mod encoders;
#[cfg(feature = "native")]
mod inputs;
#[cfg(feature = "native")]
mod language;
#[cfg(feature = "native")]
mod language_kernels;
#[cfg(feature = "native")]
mod launches;
#[cfg(feature = "native")]
mod random_language;
#[cfg(feature = "native")]
mod report;
#[cfg(feature = "native")]
mod request;
#[cfg(feature = "native")]
mod scale;

#[cfg(feature = "native")]
use sightline_kernels::{Device, Peak};

#[cfg(feature = "native")]
use bencher::Bencher;
#[cfg(feature = "native")]
use scale::Scale;

#[cfg(feature = "native")]
pub use chart::draw;
#[cfg(feature = "native")]
pub use report::{Machine, Report, Row};
#[cfg(feature = "native")]
pub use request::{BenchError, Listener, Part, Request};

/// Measures.
///
/// # Errors
/// A device that fails before any case, and a filter that leaves no case.
#[cfg(feature = "native")]
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
#[cfg(feature = "native")]
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
