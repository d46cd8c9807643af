//! The operations that a vision encoder and a small language model are made of, each once per backend family.
//!
//! An operation is a folder in [`ops`]: its public function (shapes, checks, dispatch), a plain-Rust twin that accumulates in
//! `f64`, a CubeCL kernel for every GPU, and WGSL from `shaders/` where that was measured to win. Operations write into buffers
//! they are given and never allocate, so that a whole encoder or a whole token can be recorded ([`Device::record`]) and
//! replayed as one graph.

mod buffer;
mod device;
mod elementary;
mod error;
pub mod ops;
mod parallel;
mod peak;
mod product;
#[cfg(feature = "suite")]
pub mod suite;
mod weight;
mod wgsl;

/// Version of the arithmetic: another one where a kernel may give other bits than before. Runs of an evaluation go on under the same one only.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "/3");

pub use buffer::{Buffer, Element};
pub use device::{Cpu, Device, Gpu, GpuInfo, Graph};
pub use error::{KernelError, Result};
pub use peak::Peak;
pub use weight::{Linear, Weight};
