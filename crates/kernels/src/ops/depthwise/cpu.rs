//! The path for the CPU: the sums of the twin in f32, all channels of a pixel at a time.

use super::Image;
use crate::elementary::silu;
use crate::parallel::for_each_chunk;

/// A task owns one row of one picture.
pub(super) fn depthwise_silu(x: &[f32], weight: &[f32], bias: Option<&[f32]>, image: Image, dst: &mut [f32]) {
    for_each_chunk(&mut dst[..image.len()], image.width * image.channels, |row, dst| {
        pulp::Arch::new().dispatch(Row {
            x,
            weight,
            bias,
            image,
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
    image: Image,
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
        } = self.image;
        let (b, y) = (self.row / height, self.row % height);
        for (px, dst) in self.dst.chunks_exact_mut(channels).enumerate() {
            match self.bias {
                Some(bias) => dst.copy_from_slice(&bias[..channels]),
                None => dst.fill(0.0),
            }
            for tap in 0..9 {
                let (ty, tx) = (y + tap / 3, px + tap % 3);
                if (1..=height).contains(&ty) && (1..=width).contains(&tx) {
                    let from = ((b * height + ty - 1) * width + tx - 1) * channels;
                    let (x, w) = (&self.x[from..][..channels], &self.weight[tap * channels..][..channels]);
                    for ((sum, &x), &w) in dst.iter_mut().zip(x).zip(w) {
                        *sum += x * w;
                    }
                }
            }
            for v in dst {
                *v = silu(*v);
            }
        }
    }
}
