//! What is known about a device, as far as kernels are chosen by it.

use std::fmt;

use cubecl::client::Client;

/// The family of kernels that a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Plain Rust on the host.
    Cpu,
    /// WGSL, through wgpu.
    Wgpu,
    /// CUDA C++, through NVRTC.
    Cuda,
}

impl Backend {
    /// `cpu`, `wgpu` or `cuda`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The interface through which a GPU is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphicsApi {
    /// Vulkan.
    Vulkan,
    /// Metal. Nothing was run on it so far.
    Metal,
    /// DirectX 12. Nothing was run on it so far.
    Dx12,
    /// OpenGL.
    Gl,
    /// The WebGPU of a browser.
    BrowserWebGpu,
    /// CUDA, which is no graphics interface but takes the place of one.
    Cuda,
    /// An adapter that does nothing.
    Noop,
}

impl GraphicsApi {
    /// The interface of an adapter of wgpu.
    pub(super) fn of(backend: wgpu::Backend) -> Self {
        match backend {
            wgpu::Backend::Vulkan => Self::Vulkan,
            wgpu::Backend::Metal => Self::Metal,
            wgpu::Backend::Dx12 => Self::Dx12,
            wgpu::Backend::Gl => Self::Gl,
            wgpu::Backend::BrowserWebGpu => Self::BrowserWebGpu,
            wgpu::Backend::Noop => Self::Noop,
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vulkan => "Vulkan",
            Self::Metal => "Metal",
            Self::Dx12 => "Dx12",
            Self::Gl => "Gl",
            Self::BrowserWebGpu => "BrowserWebGpu",
            Self::Cuda => "CUDA",
            Self::Noop => "Noop",
        }
    }
}

impl fmt::Display for GraphicsApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The facts about a GPU that `sightline doctor` prints.
#[derive(Clone, Debug)]
pub struct GpuInfo {
    /// The family of kernels, never [`Backend::Cpu`].
    pub backend: Backend,
    /// The adapter's own name.
    pub adapter: String,
    /// The interface through which it is driven.
    pub api: GraphicsApi,
    /// True for a GPU in software (lavapipe, SwiftShader).
    pub software: bool,
    /// Whether hand-written WGSL can be launched.
    pub wgsl: bool,
    /// Largest buffer that one binding can show to a kernel, in bytes.
    pub max_binding: u64,
    /// Number of storage buffers that a kernel can bind.
    pub max_bindings: u32,
    /// Whether kernels may use 16-bit floats.
    pub f16: bool,
    /// Smallest and largest number of lanes in a plane (subgroup, warp).
    pub plane: (u32, u32),
}

/// Smallest and largest number of lanes in a plane.
pub(super) fn plane(client: &Client) -> (u32, u32) {
    let hardware = &client.properties().hardware;
    (hardware.plane_size_min, hardware.plane_size_max)
}
