//! The path for the CPU: one matrix product per direction.

use super::{DIRECTIONS, DtProject};
use crate::parallel::for_each_chunk;
use crate::product::{Product, View};

/// Number of pixels per task.
const PIXELS: usize = 128;

/// A task owns a run of pixels.
pub(super) fn dt_project(sizes: &DtProject<'_>, proj: &[f32], weight: &[f32], dst: &mut [f32]) {
    let DtProject {
        channels, rank, state, ..
    } = *sizes;
    let wide = DIRECTIONS * channels;
    for_each_chunk(dst, PIXELS * wide, |task, dst| {
        let proj = &proj[task * PIXELS * sizes.stride()..];
        for k in 0..DIRECTIONS {
            let dt = View::rows(&proj[k * (rank + 2 * state)..], sizes.stride());
            let weight = View::rows(&weight[k * channels * rank..], rank).transposed();
            let steps = Product {
                rows: dst.len() / wide,
                cols: channels,
                inner: rank,
                a: dt,
                b: weight,
                scale: 1.0,
            };
            steps.store(&mut dst[k * channels..], wide);
        }
    });
}
