use std::collections::BTreeMap;

use sightline_checkpoint::tensors::{Tensor, TensorData, serialize};

use crate::error::{ProbeError, Result};

/// Features of pictures, with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    width: usize,
    classes: usize,
    values: Vec<f32>,
    labels: Vec<usize>,
}

impl Features {
    /// # Shapes
    /// `values` `[labels.len(), width]`; labels are below `classes`.
    ///
    /// # Errors
    /// [`ProbeError::Shape`] if they are not.
    pub fn new(width: usize, classes: usize, values: Vec<f32>, labels: Vec<usize>) -> Result<Self> {
        let fits = width > 0 && values.len() == labels.len() * width && labels.iter().all(|&label| label < classes);
        if !fits {
            return Err(ProbeError::Shape {
                values: values.len(),
                rows: labels.len(),
                width,
                classes,
            });
        }
        Ok(Self {
            width,
            classes,
            values,
            labels,
        })
    }

    /// Number of values per picture.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All values, `[len, width]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The class of every picture, `[len]`.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The features of each picture, `[width]`.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// Each column minus its mean, divided by its standard deviation; both are those of `self` over
    /// its pictures. A column that never changes is only centred.
    pub(crate) fn standardiser(&self) -> impl Fn(&Self) -> Vec<f32> + use<> {
        let count = self.len().max(1) as f64;
        let mut mean = vec![0.0f64; self.width];
        for row in self.rows() {
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let mut scale = vec![0.0f64; self.width];
        for row in self.rows() {
            let each = scale.iter_mut().zip(row).zip(&mean);
            each.for_each(|((sum, v), mean)| *sum += (f64::from(*v) - mean).powi(2));
        }
        for (sum, mean) in scale.iter_mut().zip(&mean) {
            let deviation = (*sum / count).sqrt();
            // What differs by rounding alone does not become a feature.
            *sum = if deviation > 1e-7 * mean.abs().max(1e-7) {
                1.0 / deviation
            } else {
                1.0
            };
        }
        move |features| {
            let standard = |row: &[f32]| -> Vec<f32> {
                let each = row.iter().zip(mean.iter().zip(&scale));
                each.map(|(v, (mean, scale))| ((f64::from(*v) - mean) * scale) as f32)
                    .collect()
            };
            features.rows().flat_map(standard).collect()
        }
    }
}

/// Features and classes of both parts as a safetensors file: `train.features` `[n, width]`,
/// `train.labels` `[n]`, `val.features` and `val.labels`. `name` is only used in the error.
///
/// # Errors
/// Features that the format cannot hold.
pub fn features_file(name: &str, train: &Features, val: &Features) -> Result<Vec<u8>> {
    let mut tensors = BTreeMap::new();
    let mut add = |key: String, shape: Vec<usize>, values: Vec<f32>| {
        let data = TensorData::F32(values);
        tensors.insert(key, Tensor { shape, data });
    };
    for (part, features) in [("train", train), ("val", val)] {
        let (count, width) = (features.len(), features.width());
        let values = features.values().to_vec();
        add(format!("{part}.features"), vec![count, width], values);
        let labels = features.labels().iter().map(|&label| label as f32).collect();
        add(format!("{part}.labels"), vec![count], labels);
    }
    Ok(serialize(name, &tensors)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_centred_and_scaled() {
        let features = Features::new(2, 1, vec![1.0, 5.0, 3.0, 5.0], vec![0, 0]).expect("they fit");
        assert_eq!(features.standardiser()(&features), [-1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Features::new(2, 1, vec![0.0; 3], vec![0]).is_err());
        assert!(Features::new(1, 2, vec![0.0; 1], vec![2]).is_err());
    }
}
