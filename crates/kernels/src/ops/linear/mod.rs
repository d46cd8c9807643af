//! Linear maps over matrices in every storage format, with the following step fused in.

mod cpu;
mod cube;
mod mat_mul;
mod mat_vec;
mod plan;
#[cfg(feature = "suite")]
pub(crate) mod twin;
mod wgsl;

use crate::{Buffer, Device, KernelError, Linear, Result};

/// What happens to `W x + b (+ low rank)` before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Epilogue {
    /// `dst = y`.
    Store,
    /// `dst = gelu(y)`, exact (with erf).
    Gelu,
    /// `dst += y`: the residual stream.
    Add,
}

/// A low-rank adapter `scale * B (A x)` beside a frozen matrix. The caller computes `A x` first.
///
/// Stacked matrices (q, k, v) share one `A x`: output row `r` belongs to segment `s` = number of
/// `bounds` that are `<= r`, and uses `t[m, s * rank ..][.. rank]`.
#[derive(Clone, Copy, Debug)]
pub struct LowRank<'a> {
    /// `[rows, rank]`.
    pub b: &'a Buffer,
    /// `[m, segments * rank]`: `A x` of every segment.
    pub t: &'a Buffer,
    /// Rank, at most 64.
    pub rank: usize,
    /// `alpha / rank`.
    pub scale: f32,
    /// First rows of the second and third segment; `rows` if there is none.
    pub bounds: [usize; 2],
}

impl LowRank<'_> {
    /// Number of segments that `rows` rows fall into.
    pub(crate) fn segments(&self, rows: usize) -> usize {
        1 + self.bounds.iter().filter(|&&b| b < rows).count()
    }
}

/// What is done to a row of `x` before the product. Fused, it saves a launch and a round trip
/// through memory. With many rows (prefill) a launch of its own costs less, because every cube
/// repeats the work.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Nothing; `x` is `[m, cols]`.
    Plain,
    /// [`super::rms_norm`] with this weight `[cols]`; `x` is `[m, cols]`.
    RmsNorm {
        /// `[cols]`.
        weight: &'a Buffer,
        /// Added to the mean square.
        eps: f32,
    },
    /// [`super::swiglu`]; `x` is `[m, 2 * cols]`, gate then up.
    SwiGlu,
}

/// `dst[m, :] = epilogue(W x[m, :] + bias + low_rank)`.
///
/// # Shapes
/// `x` `[m, w.cols]`, `dst` `[m, w.rows]`; different buffers.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer is too short or on another device, or if the
/// rank of an adapter is not 1 to 64.
pub fn linear(
    device: &Device,
    w: &Linear,
    x: &Buffer,
    m: usize,
    low_rank: Option<LowRank<'_>>,
    epilogue: Epilogue,
    dst: &Buffer,
) -> Result<()> {
    linear_from(device, w, x, Input::Plain, m, low_rank, epilogue, dst)
}

/// [`linear`] of `input(x)`: a norm or an activation before the matrix in the same launch.
///
/// # Shapes
/// `x` as [`Input`] says, `dst` `[m, w.rows]`; different buffers.
///
/// # Errors
/// As [`linear`].
pub fn linear_from(
    device: &Device,
    w: &Linear,
    x: &Buffer,
    input: Input<'_>,
    m: usize,
    low_rank: Option<LowRank<'_>>,
    epilogue: Epilogue,
    dst: &Buffer,
) -> Result<()> {
    let call = Call {
        w,
        x,
        input,
        m,
        low_rank,
        epilogue,
        dst,
    };
    linear_by(device, Route::Best, &call)
}

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) w: &'a Linear,
    pub(crate) x: &'a Buffer,
    pub(crate) input: Input<'a>,
    pub(crate) m: usize,
    pub(crate) low_rank: Option<LowRank<'a>>,
    pub(crate) epilogue: Epilogue,
    pub(crate) dst: &'a Buffer,
}

/// Which of several kernels for the same work runs. The suite compares all of them; models take the
/// best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The one that measured fastest on the device.
    Best,
    /// CubeCL; lanes add up through shared memory.
    #[cfg_attr(
        not(feature = "suite"),
        allow(dead_code, reason = "only the suite asks for one route")
    )]
    Cube,
    /// CubeCL; lanes add up by plane shuffles if planes are wide enough.
    #[cfg_attr(
        not(feature = "suite"),
        allow(dead_code, reason = "only the suite asks for one route")
    )]
    Plane,
    /// Hand-written WGSL, if the device takes it and a shader exists.
    #[cfg_attr(
        not(feature = "suite"),
        allow(dead_code, reason = "only the suite asks for one route")
    )]
    Wgsl,
}

pub(crate) fn linear_by(device: &Device, route: Route, call: &Call<'_>) -> Result<()> {
    check(call)?;
    if call.m == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => cpu::run(call),
        Device::Gpu(gpu) => cube::linear(gpu, route, call),
    }
}

const OP: &str = "linear";

fn check(call: &Call<'_>) -> Result<()> {
    let Call { w, x, m, dst, .. } = *call;
    let width = match call.input {
        Input::Plain => w.cols,
        Input::RmsNorm { weight, .. } => {
            weight.expect(OP, "norm weight", w.cols)?;
            w.cols
        }
        Input::SwiGlu => 2 * w.cols,
    };
    x.expect(OP, "x", m * width)?;
    dst.expect(OP, "dst", m * w.rows)?;
    let Some(low) = call.low_rank else {
        return Ok(());
    };
    low.b.expect(OP, "low_rank.b", w.rows * low.rank)?;
    low.t.expect(OP, "low_rank.t", m * low.segments(w.rows) * low.rank)?;
    if low.rank == 0 || low.rank > 64 || low.bounds[0] > low.bounds[1] {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("an adapter of rank {} with bounds {:?}", low.rank, low.bounds),
        });
    }
    Ok(())
}
