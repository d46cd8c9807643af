//! POPE: is a thing in the picture, yes or no.
//!
//! Two official codes:
//!
//! - written answers by POPE's own script (`evaluate.py` of AoiDragon/POPE, MIT): no word of `No`, `no`, `not` in the first sentence means
//!   yes, and so does an empty answer;
//! - probabilities of `Yes` and `No` by the paper's fork (`pope.py`, MIT), for each setting, and over all: the *mean* of the settings'
//!   accuracies, but areas under the curves of all samples pooled.
//!
//! POPE's script divides by zero where nothing is answered with yes, nothing is labelled yes, or no yes is right. Ours leaves out the
//! numbers it never gets to. It takes every label other than `no` for yes, the fork stops at labels other than `yes` and `no`; so a label
//! is a truth value here.

use crate::mutant::branch;

use crate::rules::ranking::{average_precision, choice, numpy_sum, roc_auc};
use crate::score::Score;

/// Whether POPE's script takes a written answer for yes.
pub fn says_yes(answer: &str) -> bool {
    let first = answer.split('.').next().unwrap_or(answer);
    let first = branch!("pope.first_sentence", first, answer);
    let plain = branch!("pope.commas", first.replace(',', ""), first.to_owned());
    // At spaces alone: a line feed or an exclamation mark stays part of the word.
    let mut words = branch!(
        "pope.split_at_spaces",
        plain.split(' ').collect::<Vec<_>>(),
        plain.split_whitespace().collect()
    )
    .into_iter();
    !words.any(|word| match word {
        "No" => branch!("pope.no_capital", true, false),
        "no" => branch!("pope.no", true, false),
        "not" => branch!("pope.not", true, false),
        "NO" | "Not" | "NOT" => branch!("pope.case", false, true),
        _ => false,
    })
}

/// Score of a written answer. `label`: whether yes is right.
pub fn score(answer: &str, label: bool) -> Score {
    Score {
        score: f64::from(says_yes(answer) == label),
        ..Score::default()
    }
}

/// Totals of written answers, as POPE's script prints them: shares, unrounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Written {
    /// Yes, rightly.
    pub true_positives: usize,
    /// Yes, wrongly.
    pub false_positives: usize,
    /// No, rightly.
    pub true_negatives: usize,
    /// No, wrongly.
    pub false_negatives: usize,
}

impl Written {
    /// Counts of (says yes, yes is right) pairs.
    pub fn of(samples: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for sample in samples {
            let count = match sample {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            };
            *count += 1;
        }
        counts
    }

    fn count(&self) -> usize {
        self.true_positives + self.false_positives + self.true_negatives + self.false_negatives
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.count())
    }

    /// Share of right answers among those of yes.
    pub fn precision(&self) -> Option<f64> {
        let others = branch!("pope.precision", self.false_positives, self.false_negatives);
        share(self.true_positives, self.true_positives + others)
    }

    /// Share of those answered with yes among those where yes is right.
    pub fn recall(&self) -> Option<f64> {
        let others = branch!("pope.recall", self.false_negatives, self.false_positives);
        share(self.true_positives, self.true_positives + others)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        let (precision, recall) = (self.precision()?, self.recall()?);
        let mean = branch!(
            "pope.f1",
            2.0 * precision * recall / (precision + recall),
            (precision + recall) / 2.0
        );
        (precision + recall > 0.0).then_some(mean)
    }

    /// Share of answers of yes, right or wrong.
    pub fn yes_ratio(&self) -> Option<f64> {
        let wrong = branch!("pope.yes_ratio", self.false_positives, self.false_negatives);
        share(self.true_positives + wrong, self.count())
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A question's setting: how the things that are not in the picture were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Those that often stand beside the ones that are.
    Adversarial,
    /// Frequent ones.
    Popular,
    /// Any.
    Random,
}

impl Setting {
    /// All, in the official order.
    pub const ALL: [Self; 3] = [Self::Adversarial, Self::Popular, Self::Random];

    /// `adversarial`, `popular`, `random`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adversarial => "adversarial",
            Self::Popular => "popular",
            Self::Random => "random",
        }
    }
}

/// Score of the probabilities of `Yes` and `No`; yes where they are equal. `label`: whether yes is right.
///
/// Invalid where that of `Yes` is not finite, at which the official code stops.
pub fn score_probabilities(probabilities: [f64; 2], label: bool) -> Score {
    let choice = choice(&probabilities, &probabilities[..1]);
    Score::or_invalid(choice.map(|choice| f64::from((choice == 0) == label)))
}

/// The official numbers of one setting, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Share of right answers.
    pub accuracy: f64,
    /// Area under the receiver operating characteristic; none where only one label is there.
    pub auc_roc: Option<f64>,
    /// Average precision.
    pub auc_pr: Option<f64>,
}

/// Totals of probabilities as the fork writes them: shares, unrounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Each setting, in the order of [`Setting::ALL`].
    pub settings: [Part; 3],
    /// Mean accuracy of the settings, areas of all samples.
    pub all: Part,
}

/// What the fork's overall accuracy is not.
#[cfg(feature = "mutants")]
fn pooled_accuracy(samples: &[Sample]) -> f64 {
    let scores = samples
        .iter()
        .map(|sample| score_probabilities(sample.1, sample.2).score);
    scores.sum::<f64>() / samples.len() as f64
}

/// A sample: its setting, the probabilities of `Yes` and `No`, and whether yes is right.
pub type Sample = (Setting, [f64; 2], bool);

impl Totals {
    /// Totals of samples; none where a setting has no sample, at which the fork divides by zero.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let mut settings = [Part::default(); 3];
        let mut pooled = Vec::new();
        for (part, setting) in settings.iter_mut().zip(Setting::ALL) {
            let here: Vec<_> = samples.iter().filter(|sample| sample.0 == setting).collect();
            let right = here
                .iter()
                .filter(|sample| score_probabilities(sample.1, sample.2).score == 1.0)
                .count();
            let ranked: Vec<(bool, f64)> = here.iter().map(|sample| (sample.2, sample.1[0])).collect();
            *part = Part {
                accuracy: share(right, here.len())?,
                auc_roc: roc_auc(&ranked),
                auc_pr: average_precision(&ranked),
            };
            pooled.extend(ranked);
        }
        let accuracies = settings.map(|part| part.accuracy);
        Some(Self {
            settings,
            all: Part {
                accuracy: branch!(
                    "pope.mean_of_settings",
                    numpy_sum(&accuracies) / 3.0,
                    pooled_accuracy(samples)
                ),
                auc_roc: branch!("pope.pooled_roc", roc_auc(&pooled), settings[0].auc_roc),
                auc_pr: branch!("pope.pooled_pr", average_precision(&pooled), settings[0].auc_pr),
            },
        })
    }
}
