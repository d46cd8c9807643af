//! TallyQA: how many, as one of 16 letters (A to P for 0 to 15), by the letters' probabilities.
//!
//! As the paper's fork scores it (`tallyqa.py`, MIT): simple questions, complex ones, and all pooled. The first of equal probabilities is
//! the answer.

use crate::mutant::branch;

use crate::rules::ranking::{average_precision, choice, numpy_sum, roc_auc};
use crate::score::Score;

/// One question: the letters' probabilities, and the gold count.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Probability of each count from 0.
    pub probabilities: Vec<f64>,
    /// The gold count.
    pub answer: usize,
    /// Whether the question is one of the simple ones.
    pub simple: bool,
}

/// Score of one question.
///
/// Invalid where a probability is not finite, at which the official code stops. It stops as well where they do not add up to 1; that
/// leaves out our area under the curve ([`Part::auc_roc`]) but not the accuracy, which does not depend on it.
pub fn score(probabilities: &[f64], answer: usize) -> Score {
    let choice = choice(probabilities, probabilities);
    Score::or_invalid(choice.map(|choice| f64::from(choice == answer)))
}

/// The official numbers of one kind of question, or of all: shares, unrounded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean area under the receiver operating characteristic over pairs of counts (one against one). None of fewer than two counts, and
    /// where probabilities do not add up to 1, at which scikit-learn raises.
    pub auc_roc: Option<f64>,
    /// Mean average precision of the counts that occur.
    pub auc_pr: Option<f64>,
}

/// The official totals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Simple questions.
    pub simple: Part,
    /// Complex questions.
    pub complex: Part,
    /// All, each counting once.
    pub all: Part,
}

impl Totals {
    /// Totals of samples; none where there are no simple or no complex ones, at which the fork divides by zero.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let (simple, complex): (Vec<&Sample>, Vec<&Sample>) = samples.iter().partition(|sample| sample.simple);
        let (simple_part, complex_part) = (Part::of(&simple)?, Part::of(&complex)?);
        let all = Part::of(&[simple, complex].concat())?;
        Some(Self {
            simple: simple_part,
            complex: complex_part,
            all: Part {
                accuracy: branch!(
                    "tallyqa.pooled",
                    all.accuracy,
                    (simple_part.accuracy + complex_part.accuracy) / 2.0
                ),
                ..all
            },
        })
    }
}

impl Part {
    fn of(samples: &[&Sample]) -> Option<Self> {
        let right = samples
            .iter()
            .filter(|sample| score(&sample.probabilities, sample.answer).score == 1.0);
        (!samples.is_empty()).then(|| Self {
            accuracy: right.count() as f64 / samples.len() as f64,
            auc_roc: one_against_one(samples),
            auc_pr: macro_precision(samples),
        })
    }
}

/// The counts that occur, ascending.
fn counts(samples: &[&Sample]) -> Vec<usize> {
    let mut counts: Vec<usize> = samples.iter().map(|sample| sample.answer).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// `roc_auc_score(…, multi_class="ovo")`.
fn one_against_one(samples: &[&Sample]) -> Option<f64> {
    let adds_up = |sample: &&Sample| {
        let sum = numpy_sum(&sample.probabilities);
        (1.0 - sum).abs() <= 1e-8 + 1e-5 * sum.abs()
    };
    if !branch!("tallyqa.adds_up", samples.iter().all(adds_up), true) {
        return None;
    }
    let counts = counts(samples);
    let area = |of: usize, against: usize| {
        let pair = samples.iter().filter(|sample| [of, against].contains(&sample.answer));
        let ranked: Vec<(bool, f64)> = pair
            .map(|sample| Some((sample.answer == of, *sample.probabilities.get(of)?)))
            .collect::<Option<_>>()?;
        roc_auc(&ranked)
    };
    let mut areas = Vec::new();
    for (at, &a) in counts.iter().enumerate() {
        for &b in &counts[at + 1..] {
            let there = area(a, b)?;
            areas.push(branch!("tallyqa.both_ways", (there + area(b, a)?) / 2.0, there));
        }
    }
    (!areas.is_empty()).then(|| numpy_sum(&areas) / areas.len() as f64)
}

/// The fork's own mean over counts.
fn macro_precision(samples: &[&Sample]) -> Option<f64> {
    let mut precisions = Vec::new();
    let occurring = counts(samples);
    for count in branch!("tallyqa.counts_that_occur", occurring, (0..16).collect()) {
        let ranked: Vec<(bool, f64)> = samples
            .iter()
            .map(|sample| Some((sample.answer == count, *sample.probabilities.get(count)?)))
            .collect::<Option<_>>()?;
        precisions.push(average_precision(&ranked)?);
    }
    Some(numpy_sum(&precisions) / precisions.len() as f64)
}
