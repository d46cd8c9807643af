//! The operations of vision encoders and small language models, each written once per backend
//! family.
//!
//! An operation is a folder in [`ops`]. It holds a public function (shapes, checks, dispatch), a
//! plain Rust twin that accumulates in `f64`, and a CubeCL kernel for every GPU. Some also have
//! hand-written WGSL, where it measured faster. Operations write into the caller's buffers and
//! never allocate. So a whole encoder, or the step of one token, can be recorded
//! ([`Device::record`]) and replayed as one graph.
//!
//! ```
//! use sightline_kernels::{Device, Linear, ops};
//!
//! # fn main() -> sightline_kernels::Result<()> {
//! // `Device::wgpu(false).await` opens a GPU; the rest stays as it is.
//! let device = Device::cpu();
//! let map = Linear::f32(&device, [2, 2], &[1.0, 2.0, 3.0, 4.0], Some(&[0.5, 0.0]))?;
//! let x = device.upload_f32(&[1.0, 10.0]).reshape([1, 2])?;
//! let y = device.empty_f32([1, 2]);
//! ops::linear(&device, ops::Apply::new(&map, &x, 1, &y))?;
//! assert_eq!(pollster::block_on(device.read_f32(&y))?, [21.5, 43.0]);
//! # Ok(())
//! # }
//! ```

mod buffer;
mod device;
mod elementary;
mod error;
#[cfg(feature = "suite")]
mod hashed;
pub mod ops;
mod parallel;
mod peak;
mod product;
mod shape;
mod source_kernel;
#[cfg(feature = "suite")]
pub mod suite;
mod weight;
mod wgsl;

/// Version of the arithmetic. It changes when a kernel may give other bits than before. A run of an
/// evaluation resumes only under the same version.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "/3");

pub use buffer::{Buffer, Element};
pub use device::{Backend, Cpu, Device, Gpu, GpuInfo, Graph, GraphicsApi};
pub use error::{KernelError, Result};
pub use peak::Peak;
pub use shape::Shape;
pub use weight::{Format, Int8Matrix, Linear};
