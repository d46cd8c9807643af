//! The path for the CPU: mean and variance in f64 as in the twin, the rest in f32.

use super::Activation;
use crate::elementary::gelu;
use crate::parallel::for_each_chunk;

/// Number of values per task, in whole rows.
const TASK: usize = 1 << 13;

/// A task owns some rows.
pub(super) fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, activation: Activation, dst: &mut [f32]) {
    let rows = TASK.div_ceil(weight.len());
    for_each_chunk(dst, rows * weight.len(), |task, dst| {
        pulp::Arch::new().dispatch(Rows {
            x: &x[task * rows * weight.len()..][..dst.len()],
            weight,
            bias,
            eps,
            activation,
            dst,
        });
    });
}

struct Rows<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    eps: f32,
    activation: Activation,
    dst: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.weight.len();
        for (x, dst) in self.x.chunks_exact(width).zip(self.dst.chunks_exact_mut(width)) {
            let mean = sum(x, |v| v) / width as f64;
            let variance = sum(x, |v| (v - mean) * (v - mean)) / width as f64;
            let scale = 1.0 / (variance + f64::from(self.eps)).sqrt();
            for (((dst, &x), &w), &b) in dst.iter_mut().zip(x).zip(self.weight).zip(self.bias) {
                *dst = ((f64::from(x) - mean) * scale) as f32 * w + b;
            }
            if self.activation == Activation::Gelu {
                for v in dst {
                    *v = gelu(*v);
                }
            }
        }
    }
}

/// Sum in f64, in eight parts.
#[inline(always)]
fn sum(x: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0f64; 8];
    let tail = x.chunks_exact(8).remainder();
    for x in x.chunks_exact(8) {
        for j in 0..8 {
            sums[j] += of(f64::from(x[j]));
        }
    }
    sums.iter().sum::<f64>() + tail.iter().map(|&v| of(f64::from(v))).sum::<f64>()
}
