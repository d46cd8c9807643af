/// Plain-Rust reference of [`super::swiglu`].
pub(crate) fn swiglu(gate_up: &[f32], width: usize, dst: &mut [f32]) {
    for (x, dst) in gate_up.chunks_exact(2 * width).zip(dst.chunks_exact_mut(width)) {
        let (gate, up) = x.split_at(width);
        for ((dst, &g), &u) in dst.iter_mut().zip(gate).zip(up) {
            let g = f64::from(g);
            *dst = (g / (1.0 + (-g).exp()) * f64::from(u)) as f32;
        }
    }
}
