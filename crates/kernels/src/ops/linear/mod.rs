//! Linear maps over f32, int8, Q4_1 and Q8_0 matrices, with what follows them fused in.

mod cpu;
mod cube;
pub(crate) mod twin;

use crate::{Buffer, Device, KernelError, Linear, Result};

/// What happens to `W x + b (+ low rank)` before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    const OP: &str = "linear";
    x.expect(OP, "x", m * w.cols)?;
    dst.expect(OP, "dst", m * w.rows)?;
    if let Some(low) = &low_rank {
        low.b.expect(OP, "low_rank.b", w.rows * low.rank)?;
        low.t
            .expect(OP, "low_rank.t", m * low.segments(w.rows) * low.rank)?;
        if low.rank > 64 || low.bounds[0] > low.bounds[1] {
            return Err(KernelError::Unsupported {
                op: OP,
                message: format!("an adapter of rank {} with bounds {:?}", low.rank, low.bounds),
            });
        }
    }
    if m == 0 {
        return Ok(());
    }
    match device {
        Device::Cpu(_) => cpu::linear(w, x, m, low_rank, epilogue, dst),
        Device::Gpu(gpu) => cube::linear(gpu, w, x, m, low_rank, epilogue, dst),
    }
}
