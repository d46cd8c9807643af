//! Opens an NVIDIA GPU through CUDA.

use super::info::plane;
use super::{Backend, Device, Gpu, GpuInfo, GraphicsApi};
use crate::error::{KernelError, Result};

impl Device {
    /// NVIDIA device number `index` through CUDA.
    ///
    /// # Errors
    /// [`KernelError::NoDevice`] if libcuda, NVRTC or the device is missing.
    pub fn cuda(index: usize) -> Result<Self> {
        let no_device = |message: String| KernelError::NoDevice {
            backend: Backend::Cuda,
            message,
        };
        // CubeCL panics if libcuda or the device is missing. A user must get a sentence instead.
        let client = std::panic::catch_unwind(|| cubecl::Device::Cuda(cubecl::cuda::CudaDevice { index }).client())
            .map_err(|_| no_device("libcuda, libnvrtc or the device is missing".into()))?;
        let info = GpuInfo {
            backend: Backend::Cuda,
            adapter: client.name().to_string(),
            api: GraphicsApi::Cuda,
            software: false,
            wgsl: false,
            max_binding: u64::MAX,
            max_bindings: 64,
            f16: true,
            plane: plane(&client),
        };
        Ok(Self::Gpu(Gpu::new(client, info, None)))
    }
}
