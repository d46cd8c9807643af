//! The path for the CPU: the sums of the twin in f32, all channels of a pixel at a time.

use super::{Depthwise, Image};
use crate::elementary::silu;
use crate::parallel::for_each_chunk;

/// A task owns one row of one picture.
pub(super) fn depthwise(sizes: &Depthwise<'_>, x: &[f32], weight: &[f32], bias: Option<&[f32]>, dst: &mut [f32]) {
    let image = sizes.image;
    for_each_chunk(dst, image.width * image.channels, |row, dst| {
        pulp::Arch::new().dispatch(Row {
            x,
            weight,
            bias,
            sizes,
            row,
            dst,
        });
    });
}

/// Row `row` of all pictures' rows.
struct Row<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    sizes: &'a Depthwise<'a>,
    row: usize,
    dst: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Image {
            height,
            width,
            channels,
            ..
        } = self.sizes.image;
        let (side, pad) = (self.sizes.side, self.sizes.pad());
        let (b, y) = (self.row / height, self.row % height);
        for (px, dst) in self.dst.chunks_exact_mut(channels).enumerate() {
            match self.bias {
                Some(bias) => dst.copy_from_slice(&bias[..channels]),
                None => dst.fill(0.0),
            }
            for tap in 0..self.sizes.taps() {
                let (ty, tx) = (y + tap / side, px + tap % side);
                if (pad..height + pad).contains(&ty) && (pad..width + pad).contains(&tx) {
                    let from = ((b * height + ty - pad) * width + tx - pad) * channels;
                    let (x, w) = (&self.x[from..][..channels], &self.weight[tap * channels..][..channels]);
                    for ((sum, &x), &w) in dst.iter_mut().zip(x).zip(w) {
                        *sum += x * w;
                    }
                }
            }
            if self.sizes.silu {
                for v in dst {
                    *v = silu(*v);
                }
            }
        }
    }
}
