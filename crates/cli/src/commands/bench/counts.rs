//! Bytes and operations, counted by hand. A multiply-add is two operations; an exponential, logarithm or division is one.

use sightline_kernels::ops::DIRECTIONS;

use super::inputs::Stored;

/// Operations of the selective scan over `pixels` pixels: a direction takes 8 a channel (bias, softplus 3, delta u, skip 2, merge) and
/// 7 a channel and state (delta A, exp, times B, recurrence 2, times C 2).
pub(super) fn scan(pixels: usize, channels: usize, state: usize) -> f64 {
    (pixels * DIRECTIONS * channels * (8 + 7 * state)) as f64
}

/// Bytes of a stored matrix, scales included, biases not.
pub(super) fn matrix_bytes(stored: Stored, rows: usize, cols: usize) -> f64 {
    let values = (rows * cols) as f64;
    match stored {
        Stored::F32 => 4.0 * values,
        Stored::Int8 => values + 4.0 * rows as f64,
        Stored::Q41 => values * 20.0 / 32.0,
        Stored::Q80 => values * 34.0 / 32.0,
    }
}
