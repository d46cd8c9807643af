use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use burn_wgpu::{RuntimeOptions, WgpuDevice};
use cubecl::bytes::Bytes;
use cubecl::client::Client;

use crate::buffer::{Buffer, Element, Storage};
use crate::error::{KernelError, Result};

/// Where buffers live and operations run.
#[derive(Clone)]
pub enum Device {
    /// Plain Rust on the host.
    Cpu(Cpu),
    /// WebGPU, Vulkan, Metal, DX12 or CUDA, all through CubeCL.
    Gpu(Gpu),
}

/// The CPU. It counts the bytes that it allocated.
#[derive(Clone, Default)]
pub struct Cpu {
    allocated: Arc<AtomicUsize>,
}

/// A GPU and the stream that this process talks to.
#[derive(Clone)]
pub struct Gpu {
    pub(crate) client: Client,
    info: Arc<GpuInfo>,
    allocated: Arc<AtomicUsize>,
    launches: Arc<AtomicUsize>,
    /// Whether encoders may multiply in 16 bits, see [`Device::with_half`].
    half: bool,
    /// The driver's device, which reports its loss. Absent on CUDA.
    driver: Option<wgpu::Device>,
}

/// The facts about a GPU that `sightline doctor` prints.
#[derive(Clone, Debug)]
pub struct GpuInfo {
    /// `wgpu` or `cuda`.
    pub backend: &'static str,
    /// The adapter's own name.
    pub adapter: String,
    /// The graphics interface: Vulkan, Metal, Dx12, BrowserWebGpu, CUDA.
    pub api: String,
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

/// A recorded sequence of launches on one GPU.
#[derive(Clone)]
pub struct Graph {
    graph: cubecl::client::Graph,
    launches: usize,
}

impl Graph {
    /// Runs the recorded launches again. They read the present contents of their buffers.
    ///
    /// # Errors
    /// A device that fails.
    pub fn replay(&self) -> Result<()> {
        // SAFETY: the model that recorded the graph owns every buffer of it, and one stream runs
        // both.
        unsafe { self.graph.replay() }.map_err(|e| device_error("replaying a graph", e))
    }

    /// Number of launches recorded.
    pub fn launches(&self) -> usize {
        self.launches
    }
}

pub(crate) fn device_error(doing: &'static str, error: impl core::fmt::Debug) -> KernelError {
    KernelError::Device {
        doing,
        message: format!("{error:?}"),
    }
}

impl Device {
    /// The host.
    pub fn cpu() -> Self {
        Self::Cpu(Cpu::default())
    }

    /// The default adapter of wgpu: WebGPU in a browser, Vulkan natively. wgpu would also take
    /// Metal or DX12, where this was never run. `software` asks for a CPU adapter (lavapipe,
    /// SwiftShader). Kernels are compiled to WGSL.
    ///
    /// # Errors
    /// [`KernelError::NoDevice`] if there is no adapter, or it cannot be opened.
    pub async fn wgpu(software: bool) -> Result<Self> {
        let kind = if software {
            cubecl::wgpu::WgpuDeviceKind::Cpu
        } else {
            cubecl::wgpu::WgpuDeviceKind::DefaultDevice
        };
        let device = WgpuDevice::new(kind);
        let no_device = |message: String| KernelError::NoDevice {
            backend: "wgpu",
            message,
        };
        let options = RuntimeOptions::try_default().map_err(|e| no_device(e.to_string()))?;
        let setup = burn_wgpu::try_init_setup_async::<burn_wgpu::graphics::AutoGraphicsApi>(&device, options)
            .await
            .map_err(|e| no_device(e.to_string()))?;
        let adapter = setup.adapter.get_info();
        let limits = setup.device.limits();
        let client = cubecl::Device::Wgpu(device).client();
        let info = GpuInfo {
            backend: "wgpu",
            adapter: adapter.name.clone(),
            api: format!("{:?}", adapter.backend),
            software: adapter.device_type == wgpu::DeviceType::Cpu,
            wgsl: true,
            max_binding: limits.max_storage_buffer_binding_size as u64,
            max_bindings: limits.max_storage_buffers_per_shader_stage,
            f16: setup.device.features().contains(wgpu::Features::SHADER_F16),
            plane: plane(&client),
        };
        Ok(Self::Gpu(Gpu::new(client, info, Some(setup.device))))
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

    /// NVIDIA device number `index` through CUDA.
    ///
    /// # Errors
    /// [`KernelError::NoDevice`] if libcuda, NVRTC or the device is missing.
    #[cfg(feature = "cuda")]
    pub fn cuda(index: usize) -> Result<Self> {
        let no_device = |message: String| KernelError::NoDevice {
            backend: "cuda",
            message,
        };
        // CubeCL panics if libcuda or the device is missing. A user must get a sentence instead.
        let client = std::panic::catch_unwind(|| cubecl::Device::Cuda(cubecl::cuda::CudaDevice { index }).client())
            .map_err(|_| no_device("libcuda, libnvrtc or the device is missing".into()))?;
        let info = GpuInfo {
            backend: "cuda",
            adapter: client.name().to_string(),
            api: "CUDA".into(),
            software: false,
            wgsl: false,
            max_binding: u64::MAX,
            max_bindings: 64,
            f16: true,
            plane: plane(&client),
        };
        Ok(Self::Gpu(Gpu::new(client, info, None)))
    }

    /// Memory for `len` words; the contents are not defined.
    pub fn empty(&self, len: usize, element: Element) -> Buffer {
        let len = len.max(1);
        self.counter().fetch_add(len * 4, Ordering::Relaxed);
        let storage = match self {
            Self::Cpu(_) => Storage::Cpu(Arc::new(RwLock::new(vec![0; len]))),
            Self::Gpu(gpu) => Storage::Gpu(gpu.client.empty(len * 4)),
        };
        Buffer::new(storage, len, element)
    }

    /// Memory for `len` floats; the contents are not defined.
    pub fn empty_f32(&self, len: usize) -> Buffer {
        self.empty(len, Element::F32)
    }

    /// A new buffer with these floats.
    pub fn upload_f32(&self, values: &[f32]) -> Buffer {
        self.upload_words(bytemuck::cast_slice(values), Element::F32)
    }

    /// A new buffer with these words.
    pub fn upload_u32(&self, values: &[u32]) -> Buffer {
        self.upload_words(values, Element::U32)
    }

    fn upload_words(&self, words: &[u32], element: Element) -> Buffer {
        let words = if words.is_empty() { &[0] } else { words };
        self.counter().fetch_add(words.len() * 4, Ordering::Relaxed);
        let storage = match self {
            Self::Cpu(_) => Storage::Cpu(Arc::new(RwLock::new(words.to_vec()))),
            Self::Gpu(gpu) => Storage::Gpu(gpu.client.create_from_slice(bytemuck::cast_slice(words))),
        };
        Buffer::new(storage, words.len(), element)
    }

    /// Overwrites the first `values.len()` floats of `buffer`. Never inside a recording.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `buffer` is shorter than `values`, [`KernelError::WrongDevice`] if
    /// it is on another device.
    pub fn write_f32(&self, buffer: &Buffer, values: &[f32]) -> Result<()> {
        self.write_u32(buffer, bytemuck::cast_slice(values))
    }

    /// Overwrites the first `values.len()` words of `buffer`. Never inside a recording.
    ///
    /// # Errors
    /// As [`Device::write_f32`].
    pub fn write_u32(&self, buffer: &Buffer, values: &[u32]) -> Result<()> {
        buffer.expect("write", "buffer", values.len())?;
        match self {
            Self::Cpu(_) => buffer.cpu_write("write")?.u32()[..values.len()].copy_from_slice(values),
            Self::Gpu(gpu) => {
                let bytes = Bytes::from_bytes_vec(bytemuck::cast_slice(values).to_vec());
                gpu.client.write(buffer.handle("write")?, bytes);
            }
        }
        Ok(())
    }

    /// Reads a whole buffer of floats back to the host.
    ///
    /// # Errors
    /// [`KernelError::WrongDevice`], or [`KernelError::Device`] if the device fails.
    pub async fn read_f32(&self, buffer: &Buffer) -> Result<Vec<f32>> {
        Ok(bytemuck::cast_vec(self.read_u32(buffer).await?))
    }

    /// Reads a whole buffer of words back to the host.
    ///
    /// # Errors
    /// As [`Device::read_f32`].
    pub async fn read_u32(&self, buffer: &Buffer) -> Result<Vec<u32>> {
        match self {
            Self::Cpu(_) => Ok(buffer.cpu_read("read")?.u32().to_vec()),
            Self::Gpu(gpu) => {
                let bytes = gpu
                    .client
                    .read_async(vec![buffer.handle("read")?.clone()])
                    .await
                    .map_err(|e| device_error("reading a buffer", e))?;
                let mut words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes[0]);
                words.truncate(buffer.len());
                Ok(words)
            }
        }
    }

    /// Waits until everything enqueued has run.
    ///
    /// # Errors
    /// [`KernelError::Device`] if the device fails.
    pub async fn sync(&self) -> Result<()> {
        match self {
            Self::Cpu(_) => Ok(()),
            Self::Gpu(gpu) => gpu
                .client
                .sync()
                .await
                .map_err(|e| device_error("waiting for the device", e)),
        }
    }

    /// Records the launches of `run`, so that a replay costs a fraction of them. This executes
    /// `run` once for real, which compiles its kernels, and then records it. The CPU has nothing to
    /// record and returns `None`: call `run` again.
    ///
    /// # Errors
    /// An error of `run`, or [`KernelError::Device`] if the device cannot record.
    pub async fn record(&self, run: impl Fn() -> Result<()>) -> Result<Option<Graph>> {
        let Self::Gpu(gpu) = self else {
            return Ok(None);
        };
        gpu.client
            .graph_prepare()
            .map_err(|e| device_error("preparing a recording", e))?;
        let warm = run();
        self.sync().await?;
        gpu.client
            .start_capture()
            .map_err(|e| device_error("starting a recording", e))?;
        let before = gpu.launches();
        let recorded = warm.and_then(|()| run());
        let graph = gpu
            .client
            .stop_capture()
            .map_err(|e| device_error("ending a recording", e));
        recorded?;
        Ok(Some(Graph {
            graph: graph?,
            launches: gpu.launches() - before,
        }))
    }

    /// The facts about the GPU; `None` for the CPU.
    pub fn gpu_info(&self) -> Option<&GpuInfo> {
        match self {
            Self::Cpu(_) => None,
            Self::Gpu(gpu) => Some(&gpu.info),
        }
    }

    /// The same device, with the same memory and stream, on which encoders may (`true`) or may not
    /// round the factors of their products to 16-bit floats. This concerns products of many rows
    /// with matrices stored as f32 or int8, without adapters. Sums and buffers stay f32. Operations
    /// of a language model are the same on both. Load an encoder's second session on the returned
    /// device.
    ///
    /// # Errors
    /// [`KernelError::NoHalf`] if [`GpuInfo::f16`] is false, and on the CPU.
    pub fn with_half(&self, half: bool) -> Result<Self> {
        match self {
            Self::Gpu(gpu) if gpu.info.f16 || !half => Ok(Self::Gpu(Gpu { half, ..gpu.clone() })),
            Self::Cpu(_) if !half => Ok(self.clone()),
            _ => Err(KernelError::NoHalf {
                device: self.gpu_info().map_or("the CPU".into(), |info| info.adapter.clone()),
            }),
        }
    }

    /// Whether encoders may multiply in 16 bits here, see [`Device::with_half`].
    pub fn half(&self) -> bool {
        matches!(self, Self::Gpu(gpu) if gpu.half)
    }

    /// `cpu`, `wgpu` or `cuda`.
    pub fn backend(&self) -> &'static str {
        self.gpu_info().map_or("cpu", |info| info.backend)
    }

    /// Number of bytes allocated since the device was opened. Freed bytes are not subtracted.
    pub fn allocated_bytes(&self) -> usize {
        self.counter().load(Ordering::Relaxed)
    }

    /// Number of kernel launches since the device was opened. It is 0 on the CPU and does not count
    /// replayed launches.
    pub fn launches(&self) -> usize {
        match self {
            Self::Cpu(_) => 0,
            Self::Gpu(gpu) => gpu.launches(),
        }
    }

    fn counter(&self) -> &AtomicUsize {
        match self {
            Self::Cpu(cpu) => &cpu.allocated,
            Self::Gpu(gpu) => &gpu.allocated,
        }
    }
}

impl Gpu {
    fn new(client: Client, info: GpuInfo, driver: Option<wgpu::Device>) -> Self {
        Self {
            half: false,
            driver,
            client,
            info: Arc::new(info),
            allocated: Arc::default(),
            launches: Arc::default(),
        }
    }

    /// Whether encoders may multiply in 16 bits.
    pub(crate) fn half(&self) -> bool {
        self.half
    }

    /// The facts about the GPU.
    pub fn info(&self) -> &GpuInfo {
        &self.info
    }

    /// The client to launch the next kernel with. Counts the launch.
    pub(crate) fn launch(&self) -> &Client {
        self.launches.fetch_add(1, Ordering::Relaxed);
        &self.client
    }

    fn launches(&self) -> usize {
        self.launches.load(Ordering::Relaxed)
    }
}

fn plane(client: &Client) -> (u32, u32) {
    let hardware = &client.properties().hardware;
    (hardware.plane_size_min, hardware.plane_size_max)
}
