use super::{Image, im2col_width};
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::im2col`].
pub(crate) fn im2col(x: &[f32], image: Image, dst: &mut [f32]) {
    let Image {
        batch,
        height,
        width,
        channels,
    } = image;
    let (oh, ow, row) = (height.div_ceil(2), width.div_ceil(2), im2col_width(channels));
    for_each_chunk(&mut dst[..batch * oh * ow * row], row, |index, dst| {
        let (b, oy, ox) = (index / (oh * ow), index / ow % oh, index % ow);
        dst.fill(0.0);
        for tap in 0..9 {
            let (y, x0) = (2 * oy + tap / 3, 2 * ox + tap % 3);
            if (1..=height).contains(&y) && (1..=width).contains(&x0) {
                let from = ((b * height + y - 1) * width + x0 - 1) * channels;
                dst[tap * channels..][..channels].copy_from_slice(&x[from..][..channels]);
            }
        }
    });
}
