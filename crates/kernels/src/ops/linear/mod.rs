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
    /// `[rows of x, segments * rank]`: `A x` of every segment.
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

/// Arguments of [`linear`]. What [`Apply::new`] leaves out is named beside it:
/// `Apply { epilogue: Epilogue::Add, ..Apply::new(map, x, rows, dst) }`.
#[derive(Clone, Copy, Debug)]
pub struct Apply<'a> {
    /// The matrix, with its bias.
    pub map: &'a Linear,
    /// `[rows, map.cols]`, or as [`Input`] says.
    pub x: &'a Buffer,
    /// What is done to a row of `x` before the product.
    pub input: Input<'a>,
    /// Number of rows of `x` and `dst`.
    pub rows: usize,
    /// An adapter beside the matrix.
    pub low_rank: Option<LowRank<'a>>,
    /// What happens to a result before it is stored.
    pub epilogue: Epilogue,
    /// `[rows, map.rows]`; another buffer than `x`.
    pub dst: &'a Buffer,
}

impl<'a> Apply<'a> {
    /// `dst = W x + b` for each row, without an adapter.
    pub fn new(map: &'a Linear, x: &'a Buffer, rows: usize, dst: &'a Buffer) -> Self {
        Self {
            map,
            x,
            input: Input::Plain,
            rows,
            low_rank: None,
            epilogue: Epilogue::Store,
            dst,
        }
    }
}

/// `dst[i, :] = epilogue(W input(x[i, :]) + bias + low_rank)`.
///
/// # Errors
/// [`KernelError`](crate::KernelError) if a buffer has another shape or is on another device, or if
/// the rank of an adapter is not 1 to 64.
pub fn linear(device: &Device, args: Apply<'_>) -> Result<()> {
    linear_by(device, Route::Best, &args)
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

pub(crate) fn linear_by(device: &Device, route: Route, call: &Apply<'_>) -> Result<()> {
    check(call)?;
    if call.rows == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => cpu::run(call),
        Device::Gpu(gpu) => cube::linear(gpu, route, call),
    }
}

const OP: &str = "linear";

fn check(call: &Apply<'_>) -> Result<()> {
    let Apply {
        map: w,
        x,
        rows: m,
        dst,
        ..
    } = *call;
    let width = match call.input {
        Input::Plain => w.cols,
        Input::RmsNorm { weight, .. } => {
            weight.expect(OP, "norm weight", w.cols)?;
            w.cols
        }
        Input::SwiGlu => 2 * w.cols,
    };
    x.expect(OP, "x", [m, width])?;
    dst.expect(OP, "dst", [m, w.rows])?;
    let Some(low) = call.low_rank else {
        return Ok(());
    };
    low.b.expect(OP, "low_rank.b", [w.rows, low.rank])?;
    low.t.expect(OP, "low_rank.t", [m, low.segments(w.rows) * low.rank])?;
    if low.rank == 0 || low.rank > 64 || low.bounds[0] > low.bounds[1] {
        return Err(KernelError::Unsupported {
            op: OP,
            message: format!("an adapter of rank {} with bounds {:?}", low.rank, low.bounds),
        });
    }
    Ok(())
}
