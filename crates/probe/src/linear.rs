//! A linear classifier, trained with Burn: softmax regression by AdamW.

use burn::module::Initializer;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device as BurnDevice, Int, Tensor, TensorData};
use sightline_eval::stats::split_mix;
use sightline_kernels::Device;

use crate::burn_device;
use crate::error::{ProbeError, Result};
use crate::features::Features;

/// Weights of the penalty that are tried. The loss is the mean cross entropy plus half the sum of
/// the squared weights times this: scikit-learn's `1 / (C n)`.
pub const PENALTIES: [f32; 5] = [0.001, 0.003, 0.01, 0.03, 0.1];

/// One picture in so many of each class is held out of the training part.
pub const HELD_OUT: usize = 5;

/// Learning rate of AdamW.
const RATE: f64 = 3e-3;
/// Smallest and largest number of pictures of a mini-batch: an epoch has about 32 of them.
const BATCH: [usize; 2] = [64, 512];
/// Most epochs.
const EPOCHS: usize = 100;
/// Training stops after so many epochs in which the loss on the held-out part did not fall.
const PATIENCE: usize = 10;

/// One trained classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Decides what is held out and the order of the mini-batches.
    pub seed: u64,
    /// Penalty with the lowest loss on the held-out part, see [`PENALTIES`].
    pub penalty: f32,
    /// Number of epochs with the lowest loss on the held-out part; so many were trained on the
    /// whole training part.
    pub epochs: usize,
    /// Cross entropy per picture of the held-out part after these epochs, nats.
    pub held_out_loss: f64,
    /// Number of pictures of the test part that were named rightly.
    pub right: usize,
}

/// Trains a classifier on `train` and counts its right answers on `test`.
///
/// Features are standardised by the training part. A fifth of each class is held out; the penalty
/// (of [`PENALTIES`]) and the number of epochs are those with the lowest loss there. The classifier
/// is then trained so on the whole training part, with a learning rate that falls to zero. `test`
/// decides nothing. On the CPU the same seed gives the same numbers. `step` is called after every
/// choice and after the last training: `PENALTIES.len() + 1` times.
///
/// # Errors
/// [`ProbeError::Training`] if the device fails.
pub fn linear(device: &Device, train: &Features, test: &Features, seed: u64, mut step: impl FnMut()) -> Result<Run> {
    let standard = train.standardiser();
    let device = burn_device(device).autodiff();
    let table = Table::new(&device, &standard(train), train);
    let (fitted, held) = split(train, seed);
    let mut best: Option<(f64, f32, usize)> = None;
    for penalty in PENALTIES {
        let mut training = Training::new(&table, penalty);
        let (loss, epochs) = training.until_best(&table, &fitted, &held, seed)?;
        if best.is_none_or(|(lowest, ..)| loss < lowest) {
            best = Some((loss, penalty, epochs));
        }
        step();
    }
    let (held_out_loss, penalty, epochs) = best.unwrap_or((f64::NAN, PENALTIES[0], 1));
    let all: Vec<usize> = (0..train.len()).collect();
    let mut training = Training::new(&table, penalty);
    for epoch in 0..epochs {
        // Falls to zero, so that the noise of the mini-batches does not stay in the weights.
        let rate = RATE * (1.0 - epoch as f64 / epochs as f64);
        training.epoch(&table, &all, rate, split_mix(seed, epoch as u64));
    }
    let asked = Table::new(&device, &standard(test), test);
    let places: Vec<usize> = (0..test.len()).collect();
    let logits = training.logits(&asked, &places)?;
    let said = logits.chunks_exact(test.classes()).map(largest);
    let right = said.zip(test.labels()).filter(|(said, label)| said == *label).count();
    step();
    Ok(Run {
        seed,
        penalty,
        epochs,
        held_out_loss,
        right,
    })
}

/// Features and classes on the device.
struct Table {
    device: BurnDevice,
    /// `[len, width]`.
    values: Tensor<2>,
    /// `[len]`.
    labels: Tensor<1, Int>,
    host_labels: Vec<usize>,
    width: usize,
    classes: usize,
}

impl Table {
    fn new(device: &BurnDevice, values: &[f32], features: &Features) -> Self {
        let labels: Vec<i32> = features.labels().iter().map(|&label| label as i32).collect();
        let shape = [features.len(), features.width()];
        // Only the classifier learns: features need no gradient.
        let values = Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), device);
        Self {
            device: device.clone(),
            values,
            labels: Tensor::from_data(TensorData::new(labels, [features.len()]), device),
            host_labels: features.labels().to_vec(),
            width: features.width(),
            classes: features.classes(),
        }
    }

    fn rows(&self, places: &[usize]) -> (Tensor<2>, Tensor<1, Int>) {
        let places: Vec<i32> = places.iter().map(|&place| place as i32).collect();
        let len = places.len();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [len]), &self.device);
        (
            self.values.clone().select(0, places.clone()),
            self.labels.clone().select(0, places),
        )
    }
}

/// A classifier on its way.
struct Training {
    model: Linear,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
    penalty: f32,
}

impl Training {
    /// Starts at zero: the loss is convex, and a random start would only add noise.
    fn new(table: &Table, penalty: f32) -> Self {
        let config = LinearConfig::new(table.width, table.classes).with_initializer(Initializer::Zeros);
        Self {
            model: config.init(&table.device),
            // The penalty is part of the loss, so that the optimum is that of logistic regression:
            // AdamW's own decay would weigh it by the size of each gradient, and leave the bias no
            // exception.
            optimiser: AdamWConfig::new().with_weight_decay(0.0).init(),
            loss: CrossEntropyLossConfig::new().init(&table.device),
            penalty,
        }
    }

    /// Trains once on each of these rows, in an order of its own.
    fn epoch(&mut self, table: &Table, rows: &[usize], rate: f64, seed: u64) {
        let size = (rows.len() / 32).clamp(BATCH[0], BATCH[1]);
        for batch in shuffled(rows, seed).chunks(size) {
            let (values, labels) = table.rows(batch);
            let weight = self.model.weight.val();
            let penalty = (weight.clone() * weight).sum() * (self.penalty / 2.0);
            let loss = self.loss.forward(self.model.forward(values), labels) + penalty;
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            self.model = self.optimiser.step(rate, self.model.clone(), gradients);
        }
    }

    /// Trains on `fitted` until the loss on `held` falls no more; gives the lowest loss, and the
    /// number of epochs that led to it.
    fn until_best(&mut self, table: &Table, fitted: &[usize], held: &[usize], seed: u64) -> Result<(f64, usize)> {
        let labels: Vec<usize> = held.iter().map(|&place| table.host_labels[place]).collect();
        let mut best = (f64::INFINITY, 0);
        for epoch in 0..EPOCHS {
            self.epoch(table, fitted, RATE, split_mix(seed, epoch as u64));
            let loss = cross_entropy(&self.logits(table, held)?, &labels);
            if loss < best.0 {
                best = (loss, epoch + 1);
            } else if epoch + 1 >= best.1 + PATIENCE {
                break;
            }
        }
        Ok((best.0, best.1.max(1)))
    }

    /// What the classifier says about rows, `[places.len(), classes]`.
    fn logits(&self, table: &Table, places: &[usize]) -> Result<Vec<f32>> {
        let (values, _) = table.rows(places);
        let logits = self.model.forward(values).inner();
        logits
            .try_into_vec_as()
            .map_err(|error| ProbeError::Training(error.to_string()))
    }
}

/// Mean cross entropy, nats.
fn cross_entropy(logits: &[f32], labels: &[usize]) -> f64 {
    let classes = logits.len() / labels.len().max(1);
    let one = |(row, &label): (&[f32], &usize)| {
        let most = f64::from(row[largest(row)]);
        let sum: f64 = row.iter().map(|v| (f64::from(*v) - most).exp()).sum();
        sum.ln() + most - f64::from(row[label])
    };
    logits.chunks_exact(classes.max(1)).zip(labels).map(one).sum::<f64>() / labels.len().max(1) as f64
}

/// Place of the largest value; of equal ones the first.
fn largest(row: &[f32]) -> usize {
    let better = |best: usize, at: usize| if row[at] > row[best] { at } else { best };
    (0..row.len()).fold(0, better)
}

/// Rows to train on, and held-out rows: one in [`HELD_OUT`] of each class, at least one of every
/// class with two.
fn split(train: &Features, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let (mut fitted, mut held) = (Vec::new(), Vec::new());
    for class in 0..train.classes() {
        let rows: Vec<usize> = (0..train.len()).filter(|&row| train.labels()[row] == class).collect();
        let count = match rows.len() {
            0 | 1 => 0,
            len => (len / HELD_OUT).max(1),
        };
        let rows = shuffled(&rows, split_mix(!seed, class as u64));
        held.extend(&rows[..count]);
        fitted.extend(&rows[count..]);
    }
    (fitted, held)
}

/// The same rows in an order that the seed alone decides.
pub(crate) fn shuffled(rows: &[usize], seed: u64) -> Vec<usize> {
    let mut drawn: Vec<(u64, usize)> = rows
        .iter()
        .enumerate()
        .map(|(at, &row)| (split_mix(seed, at as u64), row))
        .collect();
    drawn.sort_unstable();
    drawn.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three classes around corners of a triangle, further apart than they are wide.
    fn corners(per_class: usize, seed: u64) -> Features {
        let corner = [[2.0f32, 0.0], [-1.0, 1.7], [-1.0, -1.7]];
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for at in 0..3 * per_class {
            let noise = |n: u64| (split_mix(seed, 2 * at as u64 + n) >> 40) as f32 / (1 << 24) as f32 - 0.5;
            let class = at % 3;
            values.extend([corner[class][0] + noise(0), corner[class][1] + noise(1)]);
            labels.push(class);
        }
        Features::new(2, 3, values, labels).expect("they fit")
    }

    #[test]
    fn separable_classes_are_told_apart() {
        let (train, test) = (corners(20, 1), corners(10, 2));
        let mut steps = 0;
        let run = linear(&Device::cpu(), &train, &test, 0, || steps += 1).expect("trains");
        assert_eq!(run.right, 30, "{run:?}");
        assert_eq!(steps, PENALTIES.len() + 1);
        assert_eq!(linear(&Device::cpu(), &train, &test, 0, || {}).expect("trains"), run);
    }

    #[test]
    fn classes_that_mean_nothing_are_not_learnt() {
        let train = corners(40, 1);
        let labels = (0..train.len())
            .map(|at| (split_mix(9, at as u64) % 3) as usize)
            .collect();
        let train = Features::new(2, 3, train.values().to_vec(), labels).expect("they fit");
        let run = linear(&Device::cpu(), &train, &corners(40, 2), 0, || {}).expect("trains");
        // A third of 120 is 40; the deviation is 5.2.
        assert!(run.right < 60, "{run:?}");
    }

    #[test]
    fn every_class_is_held_out_and_trained_on() {
        let train = corners(7, 1);
        let (fitted, held) = split(&train, 3);
        assert_eq!((fitted.len(), held.len()), (18, 3));
        let mut classes: Vec<usize> = held.iter().map(|&row| train.labels()[row]).collect();
        classes.sort_unstable();
        assert_eq!(classes, [0, 1, 2]);
        let mut all = [fitted, held].concat();
        all.sort_unstable();
        assert_eq!(all, (0..21).collect::<Vec<_>>());
        assert_ne!(split(&train, 4).1, split(&train, 3).1);
    }

    #[test]
    fn cross_entropy_is_that_of_softmax() {
        let loss = cross_entropy(&[0.0, 0.0, 3.0f32.ln(), 0.0], &[0, 0]);
        assert!(
            (loss - (2.0f64.ln() + (4.0f64 / 3.0).ln()) / 2.0).abs() < 1e-6,
            "{loss}"
        );
    }
}
