use super::{Image, Patches};
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::im2col()`].
pub(crate) fn im2col(x: &[f32], image: Image, patches: Patches, dst: &mut [f32]) {
    let Image {
        batch,
        height,
        width,
        channels,
    } = image;
    let Patches { side, stride, pad } = patches;
    let (oh, ow, row) = (patches.along(height), patches.along(width), patches.width(channels));
    for_each_chunk(&mut dst[..batch * oh * ow * row], row, |index, dst| {
        let (b, oy, ox) = (index / (oh * ow), index / ow % oh, index % ow);
        dst.fill(0.0);
        for tap in 0..side * side {
            let (y, x0) = (stride * oy + tap / side, stride * ox + tap % side);
            if (pad..height + pad).contains(&y) && (pad..width + pad).contains(&x0) {
                let from = ((b * height + y - pad) * width + x0 - pad) * channels;
                dst[tap * channels..][..channels].copy_from_slice(&x[from..][..channels]);
            }
        }
    });
}
