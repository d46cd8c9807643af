use burn::tensor::{Tensor, TensorData};
use sightline_kernels::Device;

use crate::burn_device;
use crate::error::{ProbeError, Result};
use crate::features::Features;

/// Rows of the test part that are compared at once.
const CHUNK: usize = 256;

/// Cosine distances below this are rounding: the picture itself, or the same features.
const SAME: f32 = 1e-6;

/// Number of pictures of `test` that the `k` nearest of `train` name rightly: by cosine distance,
/// each vote weighted with one over its distance. Neighbours with the same features outvote all
/// others. Of equal votes the first class wins.
///
/// # Errors
/// [`ProbeError::Training`] if the device fails.
pub fn neighbours(device: &Device, train: &Features, test: &Features, k: usize) -> Result<usize> {
    let device = burn_device(device);
    let width = train.width();
    let of = |values: Vec<f32>, rows: usize| Tensor::<2>::from_data(TensorData::new(values, [rows, width]), &device);
    let known = of(unit(train), train.len()).transpose();
    let asked = unit(test);
    let mut right = 0;
    for (rows, labels) in asked.chunks(CHUNK * width).zip(test.labels().chunks(CHUNK)) {
        let cosines = of(rows.to_vec(), labels.len()).matmul(known.clone());
        let cosines: Vec<f32> = cosines
            .try_into_vec_as()
            .map_err(|error| ProbeError::Training(error.to_string()))?;
        let votes = cosines.chunks_exact(train.len()).map(|row| vote(row, train, k));
        right += votes.zip(labels).filter(|(said, label)| said == *label).count();
    }
    Ok(right)
}

/// Rows of length 1. A row of zeros stays.
fn unit(features: &Features) -> Vec<f32> {
    let scaled = |row: &[f32]| -> Vec<f32> {
        let length = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let by = if length > 0.0 { 1.0 / length } else { 0.0 };
        row.iter().map(|v| (f64::from(*v) * by) as f32).collect()
    };
    features.rows().flat_map(scaled).collect()
}

/// The class with the most weight among the `k` nearest.
fn vote(cosines: &[f32], train: &Features, k: usize) -> usize {
    let mut order: Vec<(f32, usize)> = cosines.iter().map(|cosine| 1.0 - cosine).zip(0..).collect();
    let k = k.clamp(1, order.len());
    order.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let nearest = &order[..k];
    let same = nearest.iter().any(|(distance, _)| *distance < SAME);
    let mut votes = vec![0.0f64; train.classes()];
    for &(distance, at) in nearest {
        votes[train.labels()[at]] += match same {
            true => f64::from(u8::from(distance < SAME)),
            false => 1.0 / f64::from(distance),
        };
    }
    let better = |best: usize, class: usize| if votes[class] > votes[best] { class } else { best };
    (0..votes.len()).fold(0, better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: &[[f32; 2]], labels: &[usize]) -> Features {
        Features::new(2, 2, rows.concat(), labels.to_vec()).expect("they fit")
    }

    #[test]
    fn the_nearer_outvote_the_more() {
        // One neighbour of class 0 almost in the same direction, two of class 1 further off.
        let train = features(&[[1.0, 0.01], [1.0, 1.0], [1.0, -1.0]], &[0, 1, 1]);
        let test = features(&[[5.0, 0.0]], &[0]);
        assert_eq!(neighbours(&Device::cpu(), &train, &test, 3).expect("votes"), 1);
    }

    #[test]
    fn length_does_not_matter_and_the_same_features_decide() {
        let train = features(&[[2.0, 2.0], [1.0, 1.01], [1.0, 1.02]], &[0, 1, 1]);
        let test = features(&[[1.0, 1.0]], &[0]);
        assert_eq!(neighbours(&Device::cpu(), &train, &test, 3).expect("votes"), 1);
        // More than there are is all.
        assert_eq!(neighbours(&Device::cpu(), &train, &test, 50).expect("votes"), 1);
    }
}
