//! The host's own path: rows of the matrix are de-quantised a block at a time, products run on `gemm`.

use super::{Epilogue, Input, LowRank, twin::gelu};
use crate::ops::{rms_norm, swiglu};
use crate::parallel::for_each_chunk;
use crate::{Buffer, Linear, Result};

/// Rows of the matrix that one task de-quantises at a time.
const ROWS: usize = 64;

pub(super) fn linear(
    w: &Linear,
    x: &[f32],
    m: usize,
    low_rank: Option<LowRank<'_>>,
    epilogue: Epilogue,
    dst: &Buffer,
) -> Result<()> {
    const OP: &str = "linear";
    let x = &x[..m * w.cols];
    let bias = w.bias.as_ref().map(|b| b.cpu_read(OP)).transpose()?;
    let low = low_rank
        .map(|low| Ok::<_, crate::KernelError>((low, low.b.cpu_read(OP)?, low.t.cpu_read(OP)?)))
        .transpose()?;
    // Transposed product `[rows, m]`: a task owns whole rows of it.
    let mut product = vec![0.0f32; w.rows * m];
    for_each_chunk(&mut product, ROWS * m, |block, out| {
        let (first, count) = (block * ROWS, out.len() / m);
        let mut rows = vec![0.0f32; count * w.cols];
        for (i, row) in rows.chunks_exact_mut(w.cols).enumerate() {
            // Lengths were checked by the caller; a foreign buffer leaves zeros and fails below.
            let _ = w.cpu_row(first + i, row);
        }
        multiply(&rows, x, count, m, w.cols, out);
        for (i, out) in out.chunks_exact_mut(m).enumerate() {
            let row = first + i;
            let b = bias.as_ref().map_or(0.0, |b| b.f32()[row]);
            for (j, v) in out.iter_mut().enumerate() {
                *v += b;
                if let Some((low, lb, lt)) = &low {
                    let segment = low.bounds.iter().filter(|&&bound| bound <= row).count();
                    let t = &lt.f32()[(j * low.segments(w.rows) + segment) * low.rank..][..low.rank];
                    let b = &lb.f32()[row * low.rank..][..low.rank];
                    *v += low.scale * b.iter().zip(t).map(|(b, t)| b * t).sum::<f32>();
                }
            }
        }
    });
    let mut dst = dst.cpu_write(OP)?;
    for_each_chunk(&mut dst.f32()[..m * w.rows], w.rows, |i, dst| {
        for (row, dst) in dst.iter_mut().enumerate() {
            let y = product[row * m + i];
            *dst = match epilogue {
                Epilogue::Store => y,
                Epilogue::Gelu => gelu(f64::from(y)) as f32,
                Epilogue::Add => *dst + y,
            };
        }
    });
    Ok(())
}

/// The rows of `x` after [`Input`], `None` where they stay as they are.
pub(super) fn transformed(w: &Linear, x: &Buffer, input: Input<'_>, m: usize) -> Result<Option<Vec<f32>>> {
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
    if m == 1 {
        for (row, out) in weight.chunks_exact(cols).zip(out) {
            *out = dot(row, x);
        }
        return;
    }
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

/// Dot product with eight partial sums, which the compiler keeps in one vector register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    let tail: f32 = a
        .chunks_exact(8)
        .remainder()
        .iter()
        .zip(b.chunks_exact(8).remainder())
        .map(|(a, b)| a * b)
        .sum();
    sums.iter().sum::<f32>() + tail
}
