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

/// Arguments of [`selective_scan`]. All buffers are in pixel order with channels last.
#[derive(Clone, Copy, Debug)]
pub struct SelectiveScan<'a> {
    /// Input `[batch, h*w, channels]`.
    pub u: &'a Buffer,
    /// Step sizes, before bias and softplus, `[batch, h*w, 4, channels]`.
    pub delta: &'a Buffer,
    /// Per pixel and direction `[dt (rank), B (state), C (state)]`: `[batch, h*w, 4 * (rank + 2
    /// state)]`; `dt` is not read.
    pub proj: &'a Buffer,
    /// `A = -exp(A_logs)`: `[4, channels, state]`.
    pub a: &'a Buffer,
    /// Skip `[4, channels]`.
    pub d: &'a Buffer,
    /// Step-size bias `[4, channels]`.
    pub dt_bias: &'a Buffer,
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

impl SelectiveScan<'_> {
    /// Number of pixels per picture.
    pub fn length(&self) -> usize {
        self.height * self.width
    }
}

/// 32-bit words of scratch memory that [`selective_scan`] needs on a GPU for these sizes.
pub fn selective_scan_workspace(batch: usize, height: usize, width: usize, channels: usize, state: usize) -> usize {
    let length = height * width;
    cube::workspace(batch, length, channels, state).max(wgsl::workspace(batch, length, channels, state))
}

/// `y[p] = sum over k of C_t . h_t + D u_t` with `h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t`,
/// `delta = softplus(delta + dt_bias)`, with the state in f32, starting at 0 (Gu and Dao 2023;
/// `cross_selective_scan` of VMamba).
///
/// # Shapes
/// `dst` `[batch, h*w, channels]`; `workspace` [`selective_scan_workspace`] words.
///
/// # Errors
/// [`KernelError`] if a buffer is too short or on another device, or if the state size is not 1 to
/// 16.
pub fn selective_scan(device: &Device, scan: SelectiveScan<'_>, workspace: &Buffer, dst: &Buffer) -> Result<()> {
    let kernel = device.gpu_info().map_or(ScanKernel::Cube, ScanKernel::of);
    selective_scan_with(device, kernel, scan, workspace, dst)
}

/// [`selective_scan`] by a chosen version, to compare the two. The CPU has one of its own and
/// ignores the choice.
///
/// # Errors
/// As [`selective_scan`], and [`KernelError::Unsupported`] if the device takes no WGSL.
pub fn selective_scan_with(
    device: &Device,
    kernel: ScanKernel,
    scan: SelectiveScan<'_>,
    workspace: &Buffer,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "selective_scan";
    let (pixels, c) = (scan.batch * scan.length(), scan.channels);
    if !(1..=16).contains(&scan.state) {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("d_state {} is outside 1..=16", scan.state),
        });
    }
    scan.u.expect(OP, "u", pixels * c)?;
    scan.delta.expect(OP, "delta", pixels * DIRECTIONS * c)?;
    scan.proj
        .expect(OP, "proj", pixels * DIRECTIONS * (scan.rank + 2 * scan.state))?;
    scan.a.expect_all(OP, "a", DIRECTIONS * c * scan.state)?;
    scan.d.expect_all(OP, "d", DIRECTIONS * c)?;
    scan.dt_bias.expect_all(OP, "dt_bias", DIRECTIONS * c)?;
    dst.expect(OP, "dst", pixels * c)?;
    match device {
        Device::Cpu(_) => {
            let (u, delta, proj) = (scan.u.cpu_read(OP)?, scan.delta.cpu_read(OP)?, scan.proj.cpu_read(OP)?);
            let (a, d, bias) = (scan.a.cpu_read(OP)?, scan.d.cpu_read(OP)?, scan.dt_bias.cpu_read(OP)?);
            let inputs = twin::Inputs {
                u: u.f32(),
                delta: delta.f32(),
                proj: proj.f32(),
                a: a.f32(),
                d: d.f32(),
                dt_bias: bias.f32(),
            };
            cpu::selective_scan(&scan, &inputs, dst.cpu_write(OP)?.f32());
            Ok(())
        }
        Device::Gpu(gpu) => {
            let needed = selective_scan_workspace(scan.batch, scan.height, scan.width, c, scan.state);
            workspace.expect(OP, "workspace", needed)?;
            match kernel {
                ScanKernel::Cube => cube::selective_scan(gpu, scan, workspace, dst),
                ScanKernel::Wgsl if gpu.info().wgsl => wgsl::selective_scan(gpu, scan, workspace, dst),
                ScanKernel::Wgsl => Err(KernelError::Unsupported {
                    op: OP,
                    message: "this device takes no WGSL".into(),
                }),
            }
        }
    }
}
