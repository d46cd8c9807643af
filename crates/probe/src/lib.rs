//! What an encoder's frozen features are worth: pictures with classes -> features -> the accuracy
//! of a linear classifier and of the nearest neighbours.
//!
//! [`Labelled`] is a part of a data set, [`Embedder`] computes features, [`Cache`] keeps them.
//! [`linear`] trains with Burn, [`neighbours`] votes, [`Report`] tells. Nothing here prints or
//! knows an option.
//!
//! ```
//! use sightline_kernels::Device;
//! use sightline_probe::{Features, neighbours};
//!
//! // Two classes, which the sign of the first value tells apart.
//! let train = Features::new(2, 2, vec![1.0, 0.1, 0.9, 0.0, -1.0, 0.1, -0.8, 0.2], vec![0, 0, 1, 1])?;
//! let test = Features::new(2, 2, vec![0.7, 0.1, -0.9, 0.1], vec![0, 1])?;
//! assert_eq!(neighbours(&Device::cpu(), &train, &test, 3)?, 2);
//! # Ok::<(), sightline_probe::ProbeError>(())
//! ```

mod cache;
mod data;
mod embed;
mod error;
mod features;
mod linear;
mod neighbours;
mod report;

pub use cache::Cache;
pub use data::{Example, Labelled, check_pair};
pub use embed::{Embedded, Embedder, Pool};
pub use error::{ProbeError, Result};
pub use features::{Features, features_file};
pub use linear::{HELD_OUT, PENALTIES, Run, linear};
pub use neighbours::neighbours;
pub use report::Report;

use sightline_kernels::{Backend, Device};

/// Burn's name of a device that is open already.
fn burn_device(device: &Device) -> burn::tensor::Device {
    match device.backend() {
        #[cfg(feature = "cuda")]
        Backend::Cuda => burn::tensor::Device::cuda(0),
        Backend::Wgpu => burn::tensor::Device::wgpu(match device.gpu_info().is_some_and(|info| info.software) {
            true => burn::tensor::DeviceKind::Cpu,
            false => burn::tensor::DeviceKind::DefaultDevice,
        }),
        _ => burn::tensor::Device::flex(),
    }
}
