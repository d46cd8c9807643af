//! Where buffers live and operations run: memory, waiting and counting here, one file per way to
//! open a GPU.

#[cfg(feature = "cuda")]
mod cuda;
mod graph;
mod info;
mod wgpu;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use cubecl::bytes::Bytes;
use cubecl::client::Client;
use cubecl::profile::TimingMethod;

use crate::buffer::{Buffer, Element, Storage};
use crate::error::{KernelError, Result};
use crate::shape::Shape;

pub use graph::Graph;
pub use info::{Backend, GpuInfo, GraphicsApi};

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
    driver: Option<::wgpu::Device>,
}

pub(crate) fn device_error(doing: &'static str, error: impl core::fmt::Debug) -> KernelError {
    // The error and its cause in one line. CubeCL goes on with every kernel that was left out, and
    // with traces.
    let text = format!("{error:?}");
    let lines: Vec<&str> = text.lines().map(str::trim).take(3).collect();
    KernelError::Device {
        doing,
        message: lines.join(" "),
    }
}

impl Device {
    /// The host.
    pub fn cpu() -> Self {
        Self::Cpu(Cpu::default())
    }

    /// Memory for the words of `shape`; the contents are not defined.
    pub fn empty(&self, shape: impl Into<Shape>, element: Element) -> Buffer {
        let shape = shape.into();
        // No device has memory of no bytes.
        let len = shape.len().max(1);
        self.counter().fetch_add(len * 4, Ordering::Relaxed);
        let storage = match self {
            Self::Cpu(_) => Storage::Cpu(Arc::new(RwLock::new(vec![0; len]))),
            Self::Gpu(gpu) => Storage::Gpu(gpu.client.empty(len * 4)),
        };
        Buffer::new(storage, shape, element)
    }

    /// Memory for the floats of `shape`; the contents are not defined.
    pub fn empty_f32(&self, shape: impl Into<Shape>) -> Buffer {
        self.empty(shape, Element::F32)
    }

    /// A new buffer with these floats, with one side. [`Buffer::reshape`] gives it others.
    pub fn upload_f32(&self, values: &[f32]) -> Buffer {
        self.upload_words(bytemuck::cast_slice(values), Element::F32)
    }

    /// A new buffer with these words, with one side.
    pub fn upload_u32(&self, values: &[u32]) -> Buffer {
        self.upload_words(values, Element::U32)
    }

    fn upload_words(&self, words: &[u32], element: Element) -> Buffer {
        let shape = words.len().into();
        let words = if words.is_empty() { &[0] } else { words };
        self.counter().fetch_add(words.len() * 4, Ordering::Relaxed);
        let storage = match self {
            Self::Cpu(_) => Storage::Cpu(Arc::new(RwLock::new(words.to_vec()))),
            Self::Gpu(gpu) => Storage::Gpu(gpu.client.create_from_slice(bytemuck::cast_slice(words))),
        };
        Buffer::new(storage, shape, element)
    }

    /// Overwrites all floats of `buffer`. Never inside a recording.
    ///
    /// # Errors
    /// [`KernelError::Shape`] if `values` are more or fewer, [`KernelError::WrongDevice`] if the
    /// buffer is on another device.
    pub fn write_f32(&self, buffer: &Buffer, values: &[f32]) -> Result<()> {
        self.write_u32(buffer, bytemuck::cast_slice(values))
    }

    /// Overwrites all words of `buffer`. Never inside a recording.
    ///
    /// # Errors
    /// As [`Device::write_f32`].
    pub fn write_u32(&self, buffer: &Buffer, values: &[u32]) -> Result<()> {
        if values.len() != buffer.len() {
            return Err(KernelError::Shape {
                op: "write",
                name: "values",
                expected: buffer.shape(),
                found: values.len().into(),
            });
        }
        if values.is_empty() {
            return Ok(());
        }
        match self {
            Self::Cpu(_) => buffer.cpu_write("write")?.u32().copy_from_slice(values),
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

    /// Enqueues what `run` does, waits for it, and returns how many seconds the GPU itself says
    /// that it took. `None` on the CPU, and on a GPU that gives no time stamps.
    ///
    /// # Errors
    /// An error of `run`, or [`KernelError::Device`] if the device fails.
    pub async fn own_time(&self, run: impl FnOnce() -> Result<()>) -> Result<Option<f64>> {
        let window = match self {
            Self::Gpu(gpu) if gpu.client.properties().timing_method == TimingMethod::Device => {
                let window = gpu.client.profile_start();
                Some((gpu, window.map_err(|e| device_error("starting a time stamp", e))?))
            }
            _ => None,
        };
        let ran = run();
        let Some((gpu, window)) = window else {
            ran?;
            self.sync().await?;
            return Ok(None);
        };
        if let Err(error) = ran {
            gpu.client.profile_abandon(window);
            return Err(error);
        }
        let duration = gpu.client.profile_end(window);
        let duration = duration.map_err(|e| device_error("ending a time stamp", e))?;
        let ticks = duration.resolve().await;
        Ok(ticks.map(|ticks| ticks.duration().as_secs_f64()))
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

    /// The family of kernels that this device runs.
    pub fn backend(&self) -> Backend {
        self.gpu_info().map_or(Backend::Cpu, |info| info.backend)
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
    fn new(client: Client, info: GpuInfo, driver: Option<::wgpu::Device>) -> Self {
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
