//! Which device is used, and why.

use sightline_kernels::{Backend, Device};

use crate::args::DeviceKind;
use crate::failure::{DEVICE, Failure};

/// A device, and the sentence that says why it was taken.
pub(crate) struct Choice {
    /// The device.
    pub device: Device,
    /// Why, for `-v` and `doctor`.
    pub why: String,
}

/// Opens the device asked for. `auto` never takes a GPU in software: the CPU is quicker.
pub(crate) async fn open(kind: DeviceKind) -> Result<Choice, Failure> {
    open_at(kind, 0).await
}

/// As [`open`]; `index`: which of several NVIDIA GPUs.
pub(crate) async fn open_at(kind: DeviceKind, index: usize) -> Result<Choice, Failure> {
    match kind {
        DeviceKind::Cpu => Ok(choice(Device::cpu(), "asked for by --device cpu")),
        DeviceKind::Cuda => match cuda(index) {
            Ok(device) => Ok(choice(device, "asked for by --device cuda")),
            Err(why) => Err(Failure::new(DEVICE, format!("{why}; try --device auto"))),
        },
        DeviceKind::Wgpu => match wgpu().await {
            Ok(device) => Ok(choice(device, "asked for by --device wgpu")),
            Err(why) => Err(Failure::new(
                DEVICE,
                format!("{why}; install a Vulkan driver (Debian: mesa-vulkan-drivers) or use --device cpu"),
            )),
        },
        DeviceKind::Auto => Ok(automatic(index).await),
    }
}

async fn automatic(index: usize) -> Choice {
    let no_cuda = match cuda(index) {
        Ok(device) => return choice(device, "an NVIDIA GPU answers through CUDA"),
        Err(why) => why,
    };
    match wgpu().await {
        Ok(device) if device.gpu_info().is_some_and(|info| !info.software) => {
            choice(device, &format!("a GPU answers through wgpu ({no_cuda})"))
        }
        Ok(_) => choice(
            Device::cpu(),
            &format!("the only GPU is in software, the CPU itself is quicker ({no_cuda})"),
        ),
        Err(why) => choice(Device::cpu(), &format!("{why}; {no_cuda}")),
    }
}

fn choice(device: Device, why: &str) -> Choice {
    Choice {
        device,
        why: why.to_owned(),
    }
}

/// The default wgpu adapter, or the software one.
pub(crate) async fn wgpu() -> Result<Device, String> {
    match Device::wgpu(false).await {
        Ok(device) => Ok(device),
        Err(first) => Device::wgpu(true).await.map_err(|_| first.to_string()),
    }
}

/// A CUDA device.
pub(crate) fn cuda(index: usize) -> Result<Device, String> {
    #[cfg(feature = "cuda")]
    {
        Device::cuda(index).map_err(|e| e.to_string())
    }
    #[cfg(not(feature = "cuda"))]
    {
        let _ = index;
        Err("this build is without CUDA (cargo build --features cuda)".into())
    }
}

/// A device's name for people.
pub(crate) fn name(device: &Device) -> String {
    match device.gpu_info() {
        None => Backend::Cpu.name().into(),
        Some(info) => {
            let software = if info.software { ", in software" } else { "" };
            format!("{} ({}{software}) through {}", info.adapter, info.api, info.backend)
        }
    }
}
