//! Bytes and operations, counted by hand. A multiply-add is two operations; an exponential, logarithm or division is one.

use sightline_kernels::ops::DIRECTIONS;
use sightline_vision::{VitConfig, VmambaConfig};

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

/// Operations of a ViT up to its tap: matrix products and attention; norms and activations (under 1 %) are not counted.
pub(super) fn vit(config: &VitConfig, batch: usize) -> f64 {
    let patches = config.image[0] / config.patch * (config.image[1] / config.patch);
    let tokens = (patches + usize::from(config.class_token)) as f64;
    let width = config.width as f64;
    let embed = 2.0 * patches as f64 * width * (3 * config.patch * config.patch) as f64;
    let block = 24.0 * tokens * width * width + 4.0 * tokens * tokens * width;
    batch as f64 * (embed + (config.tap.block + 1) as f64 * block)
}

/// Operations of a VMamba up to the end of its last stage: convolutions, matrix products and scans; norms and activations are
/// not counted.
pub(super) fn vmamba(config: &VmambaConfig, batch: usize, side: usize) -> f64 {
    let area = |reduced: usize| side.div_ceil(reduced).pow(2) as f64;
    let stem = config.dims[0] as f64 / 2.0;
    let mut flops = 2.0 * area(2) * 27.0 * stem + 2.0 * area(4) * 9.0 * stem * 2.0 * stem;
    for (i, (&dim, &depth)) in config.dims.iter().zip(&config.depths).enumerate() {
        let pixels = area(4 << i);
        if let Some(before) = i.checked_sub(1) {
            flops += 2.0 * pixels * 9.0 * (config.dims[before] * dim) as f64;
        }
        let (inner, state) = (config.ssm_ratio * dim as f64, config.d_state as f64);
        let (rank, directions) = (dim.div_ceil(16) as f64, DIRECTIONS as f64);
        let dim = dim as f64;
        let mixing = 4.0 * inner * dim
            + 18.0 * inner
            + 2.0 * inner * directions * (rank + 2.0 * state)
            + 2.0 * directions * inner * rank
            + directions * inner * (8.0 + 7.0 * state);
        flops += depth as f64 * pixels * (mixing + 16.0 * dim * dim);
    }
    batch as f64 * flops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_count_what_is_known() {
        // ViT-S/16 at 224 px is published with 4.6 G multiply-adds over 12 blocks; 11 are run here, at 9.2 GFLOP for 12.
        let vit_s = vit(&VitConfig::small(), 1);
        assert!((8.0e9..9.2e9).contains(&vit_s), "{vit_s}");
        // VMamba-T (s1l8) is published with 4.9 G multiply-adds, stage 4 and head included.
        let tiny = vmamba(&VmambaConfig::tiny(), 1, 224);
        assert!((7.0e9..9.8e9).contains(&tiny), "{tiny}");
    }
}
