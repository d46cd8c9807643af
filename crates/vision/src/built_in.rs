//! A picture that needs no file, and what an encoder should see in it: whether a device computes
//! rightly.

use sightline_checkpoint::manifest::Model;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;

use crate::encoder::Size;
use crate::kinds::load;
use crate::picture::Picture;
use crate::transform::Transform;

/// Features that a manifest's row holds of the built-in picture.
pub const CHECKED: usize = 256;
/// Least cosine of a device's features with those that the manifest holds.
pub const MIN_CHECK_COSINE: f64 = 0.999;

/// A picture for the first run of every kernel, and for comparisons. It has a disc, a bar and a
/// slope of colours, so that its features are not those of nothing. Another seed moves them.
///
/// ```
/// let picture = sightline_vision::built_in(0);
/// assert_eq!((picture.width(), picture.height()), (256, 192));
/// ```
pub fn built_in(seed: u32) -> Picture {
    const SIDES: (u32, u32) = (256, 192);
    let (width, height) = SIDES;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    let (cx, cy) = (80 + 7 * (seed % 11), 90 + 5 * (seed % 7));
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (x.abs_diff(cx), y.abs_diff(cy));
            let colour = if dx * dx + dy * dy < 50 * 50 {
                [230, 120 + (y % 64) as u8, 30]
            } else if x > 190 && x < 220 {
                [20, 60, 160 + (x % 32) as u8]
            } else {
                [
                    (x / 2) as u8 + 60,
                    (y / 2) as u8 + 90,
                    120 + ((x * y + seed) % 23) as u8,
                ]
            };
            pixels.extend(colour);
        }
    }
    Picture::from_rgb(width, height, pixels).expect("as many bytes as its sides say")
}

/// Those of the features `[tokens, width]` of a picture that a manifest's row holds: [`CHECKED`],
/// from all over the picture and of many channels.
pub fn checked(features: &[f32]) -> Vec<f32> {
    let step = features.len() / CHECKED + 1;
    (0..CHECKED).map(|i| features[i * step % features.len()]).collect()
}

/// What a manifest's row should hold: [`checked`] features of [`built_in`]`(0)`, computed by the
/// plain code of the processor and rounded to five digits.
///
/// # Errors
/// A transform or an encoder that cannot be loaded.
pub async fn check_of(row: &Model, tensors: &Tensors<'_>) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let device = Device::cpu();
    let network = load(&device, &row.encoder, tensors)?;
    let input = Transform::read(&row.transform)?.apply(&built_in(0))?;
    let mut session = network.session(Size::one(input.height, input.width))?;
    let features = device.read_f32(session.encode(&input.values).await?).await?;
    Ok(checked(&features).into_iter().map(rounded).collect())
}

fn rounded(value: f32) -> f32 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// Cosine of two vectors; NaN if a value is NaN.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checked_features_lie_all_over() {
        let (tokens, width) = (196, 384);
        let features: Vec<f32> = (0..tokens * width).map(|i| i as f32).collect();
        let some = checked(&features);
        assert_eq!(some.len(), CHECKED);
        let spread = |of: fn(usize) -> usize| {
            let all: std::collections::BTreeSet<usize> = some.iter().map(|&i| of(i as usize)).collect();
            all.len()
        };
        assert!(spread(|i| i / 384) > 150, "tokens");
        assert!(spread(|i| i % 384) > 100, "channels");
        assert_eq!(checked(&[1.0, 2.0]).len(), CHECKED);
    }
}
