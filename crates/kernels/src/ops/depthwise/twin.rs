use super::Image;
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::depthwise_silu`].
pub(crate) fn depthwise_silu(x: &[f32], weight: &[f32], bias: Option<&[f32]>, image: Image, dst: &mut [f32]) {
    let Image {
        height,
        width,
        channels,
        ..
    } = image;
    for_each_chunk(&mut dst[..image.len()], width * channels, |row, dst| {
        let (b, y) = (row / height, row % height);
        let mut sums = vec![0.0f64; channels];
        for (px, dst) in dst.chunks_exact_mut(channels).enumerate() {
            match bias {
                Some(bias) => sums.iter_mut().zip(bias).for_each(|(s, &b)| *s = f64::from(b)),
                None => sums.fill(0.0),
            }
            for tap in 0..9 {
                let (ty, tx) = (y + tap / 3, px + tap % 3);
                if (1..=height).contains(&ty) && (1..=width).contains(&tx) {
                    let from = ((b * height + ty - 1) * width + tx - 1) * channels;
                    let (x, w) = (&x[from..][..channels], &weight[tap * channels..][..channels]);
                    for ((sum, &x), &w) in sums.iter_mut().zip(x).zip(w) {
                        *sum += f64::from(x) * f64::from(w);
                    }
                }
            }
            for (dst, &sum) in dst.iter_mut().zip(&sums) {
                *dst = (sum / (1.0 + (-sum).exp())) as f32;
            }
        }
    });
}
