//! The host's own path: one row of `x` meets the stored matrix directly, many rows meet blocks of it expanded to floats, on `gemm`.

use super::host::{Host, Vector};
use super::{Call, Epilogue, Input, LowRank, twin::gelu};
use crate::buffer::CpuRead;
use crate::ops::{rms_norm, swiglu};
use crate::parallel::for_each_chunk;
use crate::{Buffer, Linear, Result};

/// Rows of the matrix that one task takes at a time. Expanded, they fit the second-level cache.
const ROWS: usize = 128;
/// Matrices of fewer values are not worth a second thread.
const SMALL: usize = 1 << 16;

pub(super) fn run(call: &Call<'_>) -> Result<()> {
    let Call {
        w,
        x,
        input,
        m,
        low_rank,
        epilogue,
        dst,
    } = *call;
    match transformed(w, x, input, m)? {
        Some(x) => linear(w, &x, m, low_rank, epilogue, dst),
        None => linear(w, x.cpu_read("linear")?.f32(), m, low_rank, epilogue, dst),
    }
}

fn linear(
    w: &Linear,
    x: &[f32],
    m: usize,
    low_rank: Option<LowRank<'_>>,
    epilogue: Epilogue,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "linear";
    let x = &x[..m * w.cols];
    let host = Host::lock(w)?;
    let after = After::lock(w, low_rank)?;
    let mut dst = dst.cpu_write(OP)?;
    let dst = &mut dst.f32()[..m * w.rows];
    if m == 1 {
        let vector = Vector::new(x);
        let chunk = if w.rows * w.cols < SMALL { w.rows } else { ROWS };
        for_each_chunk(dst, chunk, |block, dst| {
            let mut product = vec![0.0f32; dst.len()];
            host.dots(block * chunk, &vector, &mut product);
            for (i, (&y, dst)) in product.iter().zip(dst).enumerate() {
                store(after.apply(y, block * chunk + i, 0), epilogue, dst);
            }
        });
        return Ok(());
    }
    // Transposed product `[rows, m]`: a task owns whole rows of it.
    let mut product = vec![0.0f32; w.rows * m];
    for_each_chunk(&mut product, ROWS * m, |block, out| {
        let (first, count) = (block * ROWS, out.len() / m);
        let mut rows = vec![0.0f32; count * w.cols];
        host.expand(first, &mut rows);
        multiply(&rows, x, count, m, w.cols, out);
    });
    for_each_chunk(dst, w.rows, |i, dst| {
        for (row, dst) in dst.iter_mut().enumerate() {
            store(after.apply(product[row * m + i], row, i), epilogue, dst);
        }
    });
    Ok(())
}

/// What is added to a product: bias and adapter.
struct After<'a> {
    bias: Option<CpuRead<'a>>,
    low: Option<(LowRank<'a>, CpuRead<'a>, CpuRead<'a>)>,
    rows: usize,
}

impl<'a> After<'a> {
    fn lock(w: &'a Linear, low_rank: Option<LowRank<'a>>) -> Result<Self> {
        const OP: &str = "linear";
        Ok(Self {
            bias: w.bias.as_ref().map(|b| b.cpu_read(OP)).transpose()?,
            low: low_rank
                .map(|low| Ok::<_, crate::KernelError>((low, low.b.cpu_read(OP)?, low.t.cpu_read(OP)?)))
                .transpose()?,
            rows: w.rows,
        })
    }

    /// The product `y` of matrix row `row` and vector `i` with bias and adapter.
    #[inline]
    fn apply(&self, mut y: f32, row: usize, i: usize) -> f32 {
        if let Some(bias) = &self.bias {
            y += bias.f32()[row];
        }
        if let Some((low, b, t)) = &self.low {
            let segment = low.bounds.iter().filter(|&&bound| bound <= row).count();
            let t = &t.f32()[(i * low.segments(self.rows) + segment) * low.rank..][..low.rank];
            let b = &b.f32()[row * low.rank..][..low.rank];
            y += low.scale * b.iter().zip(t).map(|(b, t)| b * t).sum::<f32>();
        }
        y
    }
}

#[inline]
fn store(y: f32, epilogue: Epilogue, dst: &mut f32) {
    *dst = match epilogue {
        Epilogue::Store => y,
        Epilogue::Gelu => gelu(f64::from(y)) as f32,
        Epilogue::Add => *dst + y,
    };
}

/// The rows of `x` after [`Input`], `None` where they stay as they are.
fn transformed(w: &Linear, x: &Buffer, input: Input<'_>, m: usize) -> Result<Option<Vec<f32>>> {
    const OP: &str = "linear";
    let x = x.cpu_read(OP)?;
    let mut rows = vec![0.0f32; m * w.cols];
    match input {
        Input::Plain => return Ok(None),
        Input::RmsNorm { weight, eps } => {
            let weight = weight.cpu_read(OP)?;
            rms_norm::twin::rms_norm(x.f32(), &weight.f32()[..w.cols], eps, m, &mut rows);
        }
        Input::SwiGlu => swiglu::twin::swiglu(x.f32(), w.cols, &mut rows),
    }
    Ok(Some(rows))
}

/// `out[rows, m] = weight[rows, cols] * x[m, cols]^T`.
fn multiply(weight: &[f32], x: &[f32], rows: usize, m: usize, cols: usize, out: &mut [f32]) {
    // SAFETY: the three slices hold rows * cols, m * cols and rows * m values with these strides.
    unsafe {
        gemm::gemm(
            rows,
            m,
            cols,
            out.as_mut_ptr(),
            1,
            m as isize,
            false,
            weight.as_ptr(),
            1,
            cols as isize,
            x.as_ptr(),
            cols as isize,
            1,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
