use super::Activation;
use crate::ops::linear::twin::gelu;
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::layer_norm`].
pub(crate) fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, activation: Activation, dst: &mut [f32]) {
    let width = weight.len();
    for_each_chunk(dst, width, |row, dst| {
        let x = &x[row * width..][..width];
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / width as f64;
        let var = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / width as f64;
        let scale = 1.0 / (var + f64::from(eps)).sqrt();
        for (i, dst) in dst.iter_mut().enumerate() {
            let v = (f64::from(x[i]) - mean) * scale * f64::from(weight[i]) + f64::from(bias[i]);
            *dst = match activation {
                Activation::None => v as f32,
                Activation::Gelu => gelu(v) as f32,
            };
        }
    });
}
