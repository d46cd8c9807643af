use super::{Depthwise, Image};
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::depthwise()`], sums in f64.
pub(crate) fn depthwise(sizes: &Depthwise<'_>, x: &[f32], weight: &[f32], bias: Option<&[f32]>, dst: &mut [f32]) {
    let Image {
        height,
        width,
        channels,
        ..
    } = sizes.image;
    let (side, pad) = (sizes.side, sizes.pad());
    for_each_chunk(dst, width * channels, |row, dst| {
        let (b, y) = (row / height, row % height);
        let mut sums = vec![0.0f64; channels];
        for (px, dst) in dst.chunks_exact_mut(channels).enumerate() {
            match bias {
                Some(bias) => sums.iter_mut().zip(bias).for_each(|(s, &b)| *s = f64::from(b)),
                None => sums.fill(0.0),
            }
            for tap in 0..sizes.taps() {
                let (ty, tx) = (y + tap / side, px + tap % side);
                if (pad..height + pad).contains(&ty) && (pad..width + pad).contains(&tx) {
                    let from = ((b * height + ty - pad) * width + tx - pad) * channels;
                    let (x, w) = (&x[from..][..channels], &weight[tap * channels..][..channels]);
                    for ((sum, &x), &w) in sums.iter_mut().zip(x).zip(w) {
                        *sum += f64::from(x) * f64::from(w);
                    }
                }
            }
            for (dst, &sum) in dst.iter_mut().zip(&sums) {
                let silu = sum / (1.0 + (-sum).exp());
                *dst = if sizes.silu { silu } else { sum } as f32;
            }
        }
    });
}
