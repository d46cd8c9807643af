//! VSR: is a statement about where things stand true of the picture, by the probabilities of `True` and `False`.
//!
//! As the paper's fork scores it (`vsr.py`, MIT); a tie is `True`. VSR is no part of the paper's aggregates.

use crate::mutant::branch;

use crate::rules::ranking::{average_precision, choice, roc_auc};
use crate::score::Score;

/// Score of the probabilities of `True` and `False`.
///
/// Invalid where that of `True` is not finite, at which the official code stops.
pub fn score(probabilities: [f64; 2], label: bool) -> Score {
    let choice = choice(&probabilities, &probabilities[..1]);
    let yes = branch!("vsr.true_first", 0, 1);
    Score::or_invalid(choice.map(|choice| f64::from((choice == yes) == label)))
}

/// The official totals: shares, unrounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Share of right answers.
    pub accuracy: f64,
    /// Share of statements that are true: what always answering `True` would score.
    pub always_true: f64,
    /// Area under the receiver operating characteristic; none where only one label is there.
    pub auc_roc: Option<f64>,
    /// Average precision.
    pub auc_pr: Option<f64>,
}

impl Totals {
    /// Totals of (probabilities, label) pairs; none of no samples.
    pub fn of(samples: &[([f64; 2], bool)]) -> Option<Self> {
        let right: f64 = samples.iter().map(|&(p, label)| score(p, label).score).sum();
        let labels = samples.iter().filter(|sample| sample.1).count();
        let positive = branch!("vsr.ranked_by_true", 0, 1);
        let ranked: Vec<(bool, f64)> = samples.iter().map(|&(p, label)| (label, p[positive])).collect();
        let count = samples.len() as f64;
        (!samples.is_empty()).then(|| Self {
            accuracy: right / count,
            always_true: labels as f64 / count,
            auc_roc: roc_auc(&ranked),
            auc_pr: average_precision(&ranked),
        })
    }
}
