//! Opens a GPU through wgpu.

use cubecl::wgpu::{AutoGraphicsApi, RuntimeOptions, WgpuBackend, WgpuDevice, WgpuDeviceKind, try_init_setup_async};

use super::info::plane;
use super::{Backend, Device, Gpu, GpuInfo, GraphicsApi};
use crate::error::{KernelError, Result};

impl Device {
    /// The default adapter of wgpu: WebGPU in a browser, Vulkan natively. wgpu would also take
    /// Metal or DX12, where this was never run. `software` asks for a CPU adapter (lavapipe,
    /// SwiftShader). Kernels are compiled to WGSL.
    ///
    /// # Errors
    /// [`KernelError::NoDevice`] if there is no adapter, or it cannot be opened.
    pub async fn wgpu(software: bool) -> Result<Self> {
        let kind = if software {
            WgpuDeviceKind::Cpu
        } else {
            WgpuDeviceKind::DefaultDevice
        };
        Self::on_wgpu(WgpuDevice::new(kind)).await
    }

    /// The same GPU once more, after it was lost. This works once per GPU and process, and through
    /// wgpu alone: CubeCL keeps every device under a name, also one that is lost, and a failure of
    /// CUDA lasts as long as the process.
    ///
    /// # Errors
    /// [`KernelError::NoDevice`] if the GPU does not come back, or cannot come back.
    pub async fn reopen(&self) -> Result<Self> {
        let info = match self {
            Self::Cpu(_) => return Ok(Self::cpu()),
            Self::Gpu(gpu) => gpu.info(),
        };
        // The other name of the device is the one that pins its graphics interface.
        let backend = match info.api {
            GraphicsApi::Vulkan => WgpuBackend::Vulkan,
            GraphicsApi::Metal => WgpuBackend::Metal,
            GraphicsApi::Dx12 => WgpuBackend::Dx12,
            GraphicsApi::Gl => WgpuBackend::Gl,
            GraphicsApi::BrowserWebGpu | GraphicsApi::Cuda | GraphicsApi::Noop => {
                return Err(KernelError::NoDevice {
                    backend: info.backend,
                    message: "a lost device does not come back before the program starts again".into(),
                });
            }
        };
        let kind = match info.software {
            true => WgpuDeviceKind::Cpu,
            false => WgpuDeviceKind::DefaultDevice,
        };
        Self::on_wgpu(WgpuDevice::new(kind).on(backend)).await
    }

    async fn on_wgpu(device: WgpuDevice) -> Result<Self> {
        let no_device = |message: String| KernelError::NoDevice {
            backend: Backend::Wgpu,
            message,
        };
        let options = RuntimeOptions::try_default().map_err(|e| no_device(e.to_string()))?;
        let setup = try_init_setup_async::<AutoGraphicsApi>(&device, options)
            .await
            .map_err(|e| no_device(e.to_string()))?;
        let adapter = setup.adapter.get_info();
        let limits = setup.device.limits();
        let client = cubecl::Device::Wgpu(device).client();
        let info = GpuInfo {
            backend: Backend::Wgpu,
            adapter: adapter.name.clone(),
            api: GraphicsApi::of(adapter.backend),
            software: adapter.device_type == ::wgpu::DeviceType::Cpu,
            wgsl: true,
            max_binding: limits.max_storage_buffer_binding_size as u64,
            max_bindings: limits.max_storage_buffers_per_shader_stage,
            f16: setup.device.features().contains(::wgpu::Features::SHADER_F16),
            plane: plane(&client),
        };
        Ok(Self::Gpu(Gpu::new(client, info, Some(setup.device))))
    }

    /// Takes the GPU away, as a restarted driver does. For tests of what follows.
    #[cfg(feature = "suite")]
    pub fn lose(&self) {
        if let Self::Gpu(Gpu {
            driver: Some(driver), ..
        }) = self
        {
            driver.destroy();
        }
    }

    /// Calls `lost` with the driver's message if the GPU is taken away while the program runs. A
    /// restarted driver or a sleeping machine does that. Nothing on the device works from then on.
    /// Only wgpu needs this: it may never report a loss otherwise.
    pub fn on_lost(&self, lost: fn(&str)) {
        if let Self::Gpu(Gpu {
            driver: Some(driver), ..
        }) = self
        {
            driver.set_device_lost_callback(move |_, message| lost(&message));
        }
    }
}
