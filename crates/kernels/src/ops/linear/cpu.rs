//! The path for the CPU: one row of `x` is multiplied with the stored matrix directly. For many
//! rows, blocks of the matrix are expanded to floats and multiplied as such.

use super::{Apply, Epilogue, Input, LowRank};
use crate::buffer::CpuRead;
use crate::elementary::gelu;
use crate::ops::{rms_norm, swiglu};
use crate::parallel::for_each_chunk;
use crate::product::{Product, View};
use crate::weight::{Host, HostVector};
use crate::{Buffer, Linear, Result};

/// Number of matrix rows that one task takes at a time. Expanded, they fit the second-level cache.
const ROWS: usize = 128;
/// Number of vectors that a task moves into place at a time.
const VECTORS: usize = 32;
/// Number of values from which a matrix is worth a second thread.
const SMALL: usize = 1 << 16;

pub(super) fn run(call: &Apply<'_>) -> Result<()> {
    let Apply {
        map: w,
        x,
        input,
        rows: m,
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
    let host = Host::lock(OP, w)?;
    let after = After::lock(w, low_rank)?;
    let mut dst = dst.cpu_write(OP)?;
    let dst = dst.f32();
    if m == 1 {
        let vector = HostVector::new(x);
        let chunk = if w.rows * w.cols < SMALL { w.rows } else { ROWS };
        for_each_chunk(dst, chunk, |block, dst| {
            let mut products = vec![0.0f32; dst.len()];
            host.dots(block * chunk, &vector, &mut products);
            for (i, y) in products.iter_mut().enumerate() {
                *y = after.apply(*y, block * chunk + i);
            }
            pulp::Arch::new().dispatch(Finish {
                y: &products,
                epilogue,
                dst,
            });
        });
        return Ok(());
    }
    // Blocks `[m, rows of the block]`, one after the other: a task owns one.
    let mut products = vec![0.0f32; w.rows * m];
    for_each_chunk(&mut products, ROWS * m, |block, out| {
        let (first, count) = (block * ROWS, out.len() / m);
        let mut rows = vec![0.0f32; count * w.cols];
        host.expand(first, &mut rows);
        let all = Product {
            rows: m,
            cols: count,
            inner: w.cols,
            a: View::rows(x, w.cols),
            b: View::rows(&rows, w.cols).transposed(),
            scale: 1.0,
        };
        all.store(out, count);
        after.add_bias(first, out, count);
        after.add_adapter(first, out, count);
    });
    for_each_chunk(dst, VECTORS * w.rows, |task, dst| {
        for (vector, dst) in dst.chunks_exact_mut(w.rows).enumerate() {
            let at = task * VECTORS + vector;
            for (block, dst) in dst.chunks_mut(ROWS).enumerate() {
                let y = &products[block * ROWS * m + at * dst.len()..][..dst.len()];
                pulp::Arch::new().dispatch(Finish { y, epilogue, dst });
            }
        }
    });
    Ok(())
}

/// Moves a part of one vector of products into place.
struct Finish<'a> {
    y: &'a [f32],
    epilogue: Epilogue,
    dst: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let all = self.y.iter().zip(self.dst);
        match self.epilogue {
            Epilogue::Store => all.for_each(|(y, dst)| *dst = *y),
            Epilogue::Gelu => all.for_each(|(y, dst)| *dst = gelu(*y)),
            Epilogue::Add => all.for_each(|(y, dst)| *dst += y),
        }
    }
}

/// The bias and the adapter that are added to a product.
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

    /// Adds the bias to the products `out` `[m, count]` of `count` matrix rows from `first` on.
    fn add_bias(&self, first: usize, out: &mut [f32], count: usize) {
        let Some(bias) = &self.bias else { return };
        let bias = &bias.f32()[first..][..count];
        for y in out.chunks_exact_mut(count) {
            y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
        }
    }

    /// Adds the adapter to the same products.
    fn add_adapter(&self, first: usize, out: &mut [f32], count: usize) {
        let Some((low, b, t)) = &self.low else { return };
        let (last, segments) = (first + count, low.segments(self.rows));
        let edges = [0, low.bounds[0], low.bounds[1], self.rows].map(|edge| edge.clamp(first, last));
        for (segment, edge) in edges.windows(2).enumerate() {
            let (start, end) = (edge[0], edge[1].max(edge[0]));
            if start < end {
                let share = Product {
                    rows: out.len() / count,
                    cols: end - start,
                    inner: low.rank,
                    a: View::rows(&t.f32()[segment * low.rank..], segments * low.rank),
                    b: View::rows(&b.f32()[start * low.rank..], low.rank).transposed(),
                    scale: low.scale,
                };
                share.add(&mut out[start - first..], count);
            }
        }
    }

    /// The product `y` of matrix row `row` and the only vector, with bias and adapter.
    #[inline]
    fn apply(&self, mut y: f32, row: usize) -> f32 {
        if let Some(bias) = &self.bias {
            y += bias.f32()[row];
        }
        if let Some((low, b, t)) = &self.low {
            let segment = low.bounds.iter().filter(|&&bound| bound <= row).count();
            let t = &t.f32()[segment * low.rank..][..low.rank];
            let b = &b.f32()[row * low.rank..][..low.rank];
            y += low.scale * b.iter().zip(t).map(|(b, t)| b * t).sum::<f32>();
        }
        y
    }
}

/// The rows of `x` after [`Input`]; `None` if they stay as they are.
fn transformed(w: &Linear, x: &Buffer, input: Input<'_>, m: usize) -> Result<Option<Vec<f32>>> {
    const OP: &str = "linear";
    let x = x.cpu_read(OP)?;
    let mut rows = vec![0.0f32; m * w.cols];
    match input {
        Input::Plain => return Ok(None),
        Input::RmsNorm { weight, eps } => {
            let weight = weight.cpu_read(OP)?;
            rms_norm::twin::rms_norm(x.f32(), weight.f32(), eps, &mut rows);
        }
        Input::SwiGlu => swiglu::cpu::swiglu(x.f32(), w.cols, &mut rows),
    }
    Ok(Some(rows))
}
