//! Linear maps over f32, int8, Q4_1 and Q8_0 matrices, with what follows them fused in.

mod cpu;
mod cube;
mod host;
mod mat_mul;
mod mat_vec;
mod plan;
pub(crate) mod twin;

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

/// A low-rank adapter `scale * B (A x)` beside a frozen matrix; `A x` was computed before.
///
/// Stacked matrices (q, k, v) share one `A x`: output row `r` belongs to segment `s` = number of `bounds` that are `<= r`, and
/// uses `t[m, s * rank ..][.. rank]`.
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
    /// First rows of the second and third segment; `rows` where there is none.
    pub bounds: [usize; 2],
}

impl LowRank<'_> {
    /// Number of segments that `rows` rows fall into.
    pub(crate) fn segments(&self, rows: usize) -> usize {
        1 + self.bounds.iter().filter(|&&b| b < rows).count()
    }
}

/// What a row of `x` becomes before it meets the matrix. Fused in, it saves a launch and a round trip through memory; with many
/// rows (prefill) a launch of its own costs less, since every cube repeats the work.
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
#[allow(clippy::too_many_arguments)]
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
    check(w, x, input, m, low_rank, dst)?;
    if m == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => match cpu::transformed(w, x, input, m)? {
            Some(x) => cpu::linear(w, &x, m, low_rank, epilogue, dst),
            None => cpu::linear(w, x.cpu_read(OP)?.f32(), m, low_rank, epilogue, dst),
        },
        Device::Gpu(gpu) => {
            let call = cube::Call {
                w,
                x,
                input,
                m,
                low_rank,
                epilogue,
                dst,
            };
            cube::linear(gpu, &call)
        }
    }
}

const OP: &str = "linear";

fn check(
    w: &Linear,
    x: &Buffer,
    input: Input<'_>,
    m: usize,
    low_rank: Option<LowRank<'_>>,
    dst: &Buffer,
) -> Result<()> {
    let width = match input {
        Input::Plain => w.cols,
        Input::RmsNorm { weight, .. } => {
            weight.expect(OP, "norm weight", w.cols)?;
            w.cols
        }
        Input::SwiGlu => 2 * w.cols,
    };
    x.expect(OP, "x", m * width)?;
    dst.expect(OP, "dst", m * w.rows)?;
    let Some(low) = low_rank else {
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
