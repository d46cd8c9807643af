//! Bytes and operations, counted by hand. A multiply-add is two operations; an exponential,
//! logarithm or division is one.

use sightline_kernels::ops::DIRECTIONS;

/// Operations of the selective scan over `pixels` pixels: a direction takes 8 a channel (bias,
/// softplus 3, delta u, skip 2, merge) and 7 a channel and state (delta A, exp, times B, recurrence
/// 2, times C 2).
pub(crate) fn scan(pixels: usize, channels: usize, state: usize) -> f64 {
    (pixels * DIRECTIONS * channels * (8 + 7 * state)) as f64
}
