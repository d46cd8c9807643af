//! CIDEr-D (Vedantam et al. 2015) and BLEU-1 to 4 (Papineni et al. 2002) of captions, as
//! `pycocoevalcap` computes them.

use std::collections::{BTreeMap, HashMap};

/// Longest n-gram, words.
const LONGEST: usize = 4;

/// Width of the penalty for captions that are longer or shorter than the reference, bigrams.
const SIGMA: f64 = 6.0;

/// How often every n-gram of a caption stands in it.
type Counts<'a> = BTreeMap<&'a [String], usize>;

fn counts(words: &[String]) -> Counts<'_> {
    let mut counts = BTreeMap::new();
    for length in 1..=LONGEST {
        for ngram in words.windows(length) {
            *counts.entry(ngram).or_default() += 1;
        }
    }
    counts
}

/// How many pictures' references hold every n-gram.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    pictures: usize,
    holding: HashMap<Vec<String>, usize>,
}

/// TF-IDF weights of a caption's n-grams, their norm by length, and the caption's length in
/// bigrams.
struct Vector<'a> {
    weights: BTreeMap<&'a [String], f64>,
    norms: [f64; LONGEST],
    length: f64,
}

impl Corpus {
    /// Statistics over the references of every picture.
    pub fn of<'a>(pictures: impl IntoIterator<Item = &'a [Vec<String>]>) -> Self {
        let mut corpus = Self::default();
        for references in pictures {
            corpus.pictures += 1;
            let mut all: Vec<&[String]> = references
                .iter()
                .flat_map(|reference| counts(reference).into_keys())
                .collect();
            all.sort_unstable();
            all.dedup();
            for ngram in all {
                match corpus.holding.get_mut(ngram) {
                    Some(known) => *known += 1,
                    None => {
                        corpus.holding.insert(ngram.to_vec(), 1);
                    }
                }
            }
        }
        corpus
    }

    fn vector<'a>(&self, words: &'a [String]) -> Vector<'a> {
        let (mut norms, mut weights) = ([0.0; LONGEST], BTreeMap::new());
        let all = (self.pictures as f64).ln();
        for (ngram, count) in counts(words) {
            let holding = self.holding.get(ngram).copied().unwrap_or_default();
            let weight = count as f64 * (all - (holding as f64).max(1.0).ln());
            norms[ngram.len() - 1] += weight * weight;
            weights.insert(ngram, weight);
        }
        Vector {
            weights,
            norms: norms.map(f64::sqrt),
            // Bigrams and not words, as the official code has it.
            length: words.len().saturating_sub(1) as f64,
        }
    }

    /// CIDEr-D of a caption: 0 to 10.
    pub fn cider(&self, caption: &[String], references: &[Vec<String>]) -> f64 {
        let found = self.vector(caption);
        let mut sum = 0.0;
        for reference in references {
            let reference = self.vector(reference);
            let difference = found.length - reference.length;
            let penalty = (-(difference * difference) / (2.0 * SIGMA * SIGMA)).exp();
            let mut values = [0.0; LONGEST];
            for (ngram, weight) in &found.weights {
                let other = reference.weights.get(ngram).copied().unwrap_or_default();
                values[ngram.len() - 1] += weight.min(other) * other;
            }
            for (at, value) in values.into_iter().enumerate() {
                let norm = found.norms[at] * reference.norms[at];
                sum += penalty * if norm == 0.0 { value } else { value / norm };
            }
        }
        10.0 * sum / LONGEST as f64 / references.len() as f64
    }
}

/// BLEU-1 to 4 of captions, each with its references: 0 to 1. The length that counts is that of the
/// closest reference, the shorter of two.
pub fn bleu<'a>(captions: impl IntoIterator<Item = (&'a [String], &'a [Vec<String>])>) -> [f64; LONGEST] {
    /// Keeps quotients finite where there is no n-gram; values of the official code.
    const SMALL: f64 = 1e-9;
    const TINY: f64 = 1e-15;
    let (mut said, mut right) = ([0; LONGEST], [0; LONGEST]);
    let (mut length, mut wanted) = (0, 0);
    for (caption, references) in captions {
        let mut most: Counts<'_> = BTreeMap::new();
        for reference in references {
            for (ngram, count) in counts(reference) {
                let known = most.entry(ngram).or_default();
                *known = (*known).max(count);
            }
        }
        for (ngram, count) in counts(caption) {
            right[ngram.len() - 1] += count.min(most.get(ngram).copied().unwrap_or_default());
        }
        for (at, said) in said.iter_mut().enumerate() {
            *said += caption.len().saturating_sub(at);
        }
        let closest = references
            .iter()
            .map(|reference| (reference.len().abs_diff(caption.len()), reference.len()))
            .min();
        length += caption.len();
        wanted += closest.unwrap_or_default().1;
    }
    let ratio = (length as f64 + TINY) / (wanted as f64 + SMALL);
    let brevity = if ratio < 1.0 { (1.0 - 1.0 / ratio).exp() } else { 1.0 };
    let mut product = 1.0;
    std::array::from_fn(|at| {
        product *= (right[at] as f64 + TINY) / (said[at] as f64 + SMALL);
        brevity * f64::powf(product, 1.0 / (at + 1) as f64)
    })
}
