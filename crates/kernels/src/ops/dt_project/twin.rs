use super::{DIRECTIONS, DtProject};
use crate::parallel::for_each_chunk;

/// Plain-Rust reference of [`super::dt_project`].
pub(crate) fn dt_project(sizes: &DtProject<'_>, proj: &[f32], weight: &[f32], dst: &mut [f32]) {
    let DtProject {
        channels, rank, state, ..
    } = *sizes;
    for_each_chunk(dst, DIRECTIONS * channels, |pixel, dst| {
        let proj = &proj[pixel * sizes.stride()..][..sizes.stride()];
        for (k, dst) in dst.chunks_exact_mut(channels).enumerate() {
            let dt = &proj[k * (rank + 2 * state)..][..rank];
            let weight = &weight[k * channels * rank..][..channels * rank];
            for (dst, w) in dst.iter_mut().zip(weight.chunks_exact(rank)) {
                *dst = w
                    .iter()
                    .zip(dt)
                    .map(|(&w, &t)| f64::from(w) * f64::from(t))
                    .sum::<f64>() as f32;
            }
        }
    });
}
