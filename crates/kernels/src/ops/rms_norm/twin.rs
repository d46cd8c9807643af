/// Plain-Rust reference of [`super::rms_norm`].
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, dst: &mut [f32]) {
    let width = weight.len();
    for (x, dst) in x.chunks_exact(width).zip(dst.chunks_exact_mut(width)) {
        let mean = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / width as f64;
        let scale = 1.0 / (mean + f64::from(eps)).sqrt();
        for ((dst, &x), &w) in dst.iter_mut().zip(x).zip(weight) {
            *dst = (f64::from(x) * scale * f64::from(w)) as f32;
        }
    }
}
