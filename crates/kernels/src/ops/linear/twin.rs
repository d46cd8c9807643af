use super::Epilogue;
use crate::parallel::for_each_chunk;

/// Exact GELU.
pub(crate) fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm_erf(x / std::f64::consts::SQRT_2))
}

fn libm_erf(x: f64) -> f64 {
    libm::erf(x)
}

/// `(b, t, rank, scale, bounds)` of [`super::LowRank`], in memory of the CPU.
type Adapter<'a> = (&'a [f32], &'a [f32], usize, f32, [usize; 2]);

/// The parts of a linear map that the reference needs, in memory of the CPU.
pub(crate) struct Reference<'a> {
    /// `[rows, cols]`, de-quantised.
    pub weight: &'a [f32],
    pub bias: Option<&'a [f32]>,
    pub rows: usize,
    pub cols: usize,
    /// `(b, t, rank, scale, bounds)` of [`super::LowRank`].
    pub low_rank: Option<Adapter<'a>>,
    pub epilogue: Epilogue,
}

/// Plain-Rust reference of [`super::linear`].
pub(crate) fn linear(r: &Reference<'_>, x: &[f32], m: usize, dst: &mut [f32]) {
    for_each_chunk(&mut dst[..m * r.rows], r.rows, |i, dst| {
        let x = &x[i * r.cols..][..r.cols];
        for (row, dst) in dst.iter_mut().enumerate() {
            let w = &r.weight[row * r.cols..][..r.cols];
            let mut y: f64 = w.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
            y += r.bias.map_or(0.0, |b| f64::from(b[row]));
            if let Some((b, t, rank, scale, bounds)) = r.low_rank {
                let segments = 1 + bounds.iter().filter(|&&b| b < r.rows).count();
                let segment = bounds.iter().filter(|&&bound| bound <= row).count();
                let t = &t[(i * segments + segment) * rank..][..rank];
                let b = &b[row * rank..][..rank];
                y += f64::from(scale) * b.iter().zip(t).map(|(&b, &t)| f64::from(b) * f64::from(t)).sum::<f64>();
            }
            *dst = match r.epilogue {
                Epilogue::Store => y,
                Epilogue::Gelu => gelu(y),
                Epilogue::Add => y + f64::from(*dst),
            } as f32;
        }
    });
}
