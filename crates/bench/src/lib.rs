//! What a device does with the kernels, the encoders and the language model, held against what it
//! could do at most.

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
mod scale;

use sightline_kernels::{Device, KernelError, Peak};
use thiserror::Error;

use bencher::Bencher;
use scale::Scale;

pub use chart::draw;
pub use report::{Machine, Report, Row};

/// Why there are no numbers.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The device failed before any case.
    #[error(transparent)]
    Device(#[from] KernelError),
    /// No case was asked for.
    #[error("no case has one of these texts in its name: {0}; `sightline bench` without --filter shows the names")]
    NoCase(String),
}

/// A part of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Part {
    /// Every kernel at the shapes of the shipped pair and of the language model.
    Kernels,
    /// Whole encoders.
    Encoder,
    /// The language model over 256 tokens.
    Prefill,
    /// The language model, token by token.
    Decode,
    /// What a launch costs.
    Launch,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Request {
    /// Parts, in their order.
    pub parts: Vec<Part>,
    /// Only cases whose names hold one of these texts; all where there is none.
    pub filter: Vec<String>,
    /// Number of timed samples per case.
    pub runs: usize,
    /// Small sizes only, for tests.
    pub quick: bool,
    /// The device's name for people.
    pub name: String,
}

/// What hears how far it is.
pub trait Listener {
    /// Something begins to be measured.
    fn begins(&self, what: &str);
    /// It is measured, or could not be.
    fn ended(&self);
    /// What was measured so far.
    fn measured(&self, report: &Report);
}

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
