//! The selective scan of Mamba in four directions over a picture (VMamba's cross-scan and
//! cross-merge), fused.
//!
//! A direction is an index map: rows, columns (the transpose), and both reversed. Step `l` of
//! direction `k` reads and writes pixel `map_k(l)`, so nothing is permuted in memory and the
//! outputs of the four directions are summed per pixel.

mod cpu;
mod cube;
mod kernels;
// The CPU path uses its map of directions; the rest is for comparisons.
#[cfg_attr(
    not(feature = "suite"),
    allow(dead_code, reason = "the CPU path uses only part of it")
)]
pub(crate) mod twin;
mod wgsl;

use super::DIRECTIONS;
use crate::{Buffer, Device, GpuInfo, KernelError, Result};

/// Sizes of a [`selective_scan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanSizes {
    /// Number of pictures.
    pub batch: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of channels (d_inner).
    pub channels: usize,
    /// Rank of `dt` inside `proj`.
    pub rank: usize,
    /// State size N, 1 to 16.
    pub state: usize,
}

impl ScanSizes {
    /// Number of pixels per picture.
    pub fn length(&self) -> usize {
        self.height * self.width
    }

    /// Number of pixels of all pictures.
    pub fn pixels(&self) -> usize {
        self.batch * self.length()
    }

    /// Number of words of scratch memory that these sizes need on a GPU.
    pub fn workspace(&self) -> usize {
        cube::workspace(self).max(wgsl::workspace(self))
    }
}

/// Arguments of [`selective_scan`]. All buffers are in pixel order with channels last.
#[derive(Clone, Copy, Debug)]
pub struct SelectiveScan<'a> {
    /// Input `[pixels, channels]`.
    pub u: &'a Buffer,
    /// Step sizes, before bias and softplus, `[pixels, 4 * channels]`.
    pub delta: &'a Buffer,
    /// `[pixels, 4 * (rank + 2 state)]`: per direction `[dt (rank), B (state), C (state)]`; `dt` is
    /// not read.
    pub proj: &'a Buffer,
    /// `A = -exp(A_logs)`: `[4, channels, state]`.
    pub a: &'a Buffer,
    /// Skip `[4, channels]`.
    pub d: &'a Buffer,
    /// Step-size bias `[4, channels]`.
    pub dt_bias: &'a Buffer,
    /// Sizes of all buffers.
    pub sizes: ScanSizes,
    /// `[sizes.workspace()]` words of scratch memory.
    pub workspace: &'a Buffer,
    /// `[pixels, channels]`.
    pub dst: &'a Buffer,
}

/// The two GPU versions of [`selective_scan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanKernel {
    /// CubeCL: a cube shares a split among segments in shared memory. Runs everywhere.
    Cube,
    /// `selective_scan.wgsl`: no barriers. Only where [`GpuInfo::wgsl`].
    Wgsl,
}

impl ScanKernel {
    /// The version to use. In software, barriers cost more than threads give: on lavapipe WGSL is
    /// 1.4 to 9 times faster over the shapes of `examples/measure.rs`.
    pub fn of(info: &GpuInfo) -> Self {
        if info.wgsl && info.software {
            Self::Wgsl
        } else {
            Self::Cube
        }
    }
}

/// The pixel that step `step` of direction `direction` of a [`selective_scan`] stands on:
/// directions 0 to 3 go along rows, along columns, and both backwards.
pub fn scan_pixel(direction: usize, step: usize, height: usize, width: usize) -> usize {
    twin::pixel(direction, step, height, width)
}

/// `y[p] = sum over k of C_t . h_t + D u_t` with `h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t`,
/// `delta = softplus(delta + dt_bias)`, with the state in f32, starting at 0 (Gu and Dao 2023;
/// `cross_selective_scan` of VMamba).
///
/// # Errors
/// [`KernelError`] if a buffer has another shape or is on another device, or if the state size is
/// not 1 to 16.
pub fn selective_scan(device: &Device, args: SelectiveScan<'_>) -> Result<()> {
    let kernel = device.gpu_info().map_or(ScanKernel::Cube, ScanKernel::of);
    selective_scan_with(device, kernel, args)
}

/// [`selective_scan`] by a chosen version, to compare the two. The CPU has one of its own and
/// ignores the choice.
///
/// # Errors
/// As [`selective_scan`], and [`KernelError::Unsupported`] if the device takes no WGSL.
pub fn selective_scan_with(device: &Device, kernel: ScanKernel, args: SelectiveScan<'_>) -> Result<()> {
    const OP: &str = "selective_scan";
    check(OP, &args)?;
    match device {
        Device::Cpu(_) => {
            let (u, delta, proj) = (args.u.cpu_read(OP)?, args.delta.cpu_read(OP)?, args.proj.cpu_read(OP)?);
            let (a, d, bias) = (args.a.cpu_read(OP)?, args.d.cpu_read(OP)?, args.dt_bias.cpu_read(OP)?);
            let inputs = twin::Inputs {
                u: u.f32(),
                delta: delta.f32(),
                proj: proj.f32(),
                a: a.f32(),
                d: d.f32(),
                dt_bias: bias.f32(),
            };
            cpu::selective_scan(&args.sizes, &inputs, args.dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => match kernel {
            ScanKernel::Cube => cube::selective_scan(gpu, args),
            ScanKernel::Wgsl if gpu.info().wgsl => wgsl::selective_scan(gpu, args),
            ScanKernel::Wgsl => Err(KernelError::Unsupported {
                op: OP,
                message: "this device takes no WGSL".into(),
            }),
        },
    }
}

fn check(op: &'static str, args: &SelectiveScan<'_>) -> Result<()> {
    let sizes = args.sizes;
    let ScanSizes {
        channels, rank, state, ..
    } = sizes;
    if !(1..=16).contains(&state) {
        return Err(KernelError::Unsupported {
            op,
            message: format!("d_state {state} is outside 1..=16"),
        });
    }
    let pixels = sizes.pixels();
    args.u.expect(op, "u", [pixels, channels])?;
    args.delta.expect(op, "delta", [pixels, DIRECTIONS * channels])?;
    args.proj
        .expect(op, "proj", [pixels, DIRECTIONS * (rank + 2 * state)])?;
    args.a.expect(op, "a", [DIRECTIONS, channels, state])?;
    args.d.expect(op, "d", [DIRECTIONS, channels])?;
    args.dt_bias.expect(op, "dt_bias", [DIRECTIONS, channels])?;
    args.workspace.expect(op, "workspace", sizes.workspace())?;
    args.dst.expect(op, "dst", [pixels, channels])
}
