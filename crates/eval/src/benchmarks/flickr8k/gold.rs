//! Captions: `captions`, the references of a picture. The score of one is its CIDEr-D.

use super::rule::{Corpus, bleu};
use super::tokens::words;
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{Origin, Sample, Scoring, Wanted};
use crate::summary::Total;

/// Whose rule the totals are.
const RULE: &str = "pycocoevalcap's";

#[derive(Default)]
pub(crate) struct Captions {
    /// References of all pictures.
    corpus: Corpus,
}

/// The words of a picture's references.
pub(crate) struct Gold(Vec<Vec<String>>);

impl Scoring for Captions {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        let captions = item.texts("captions")?;
        if captions.is_empty() {
            return Err(item.error("captions", "empty; a picture needs at least one reference"));
        }
        Ok(Some(Gold(captions.iter().map(|caption| words(caption)).collect())))
    }

    fn learn(&mut self, golds: &[&Gold]) {
        self.corpus = Corpus::of(golds.iter().map(|gold| gold.0.as_slice()));
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        Score {
            score: self.corpus.cider(&words(response.text()), &gold.0),
            ..Score::default()
        }
    }

    fn unit(&self) -> &'static str {
        "CIDEr-D, 0 to 10"
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        // The official code knows the pictures that are scored, and no others.
        let corpus = Corpus::of(samples.iter().map(|sample| sample.gold.0.as_slice()));
        let captions: Vec<Vec<String>> = samples.iter().map(|sample| words(sample.response.text())).collect();
        let pairs = || {
            let pairs = captions.iter().zip(samples);
            pairs.map(|(caption, sample)| (caption.as_slice(), sample.gold.0.as_slice()))
        };
        let cider: f64 = pairs()
            .map(|(caption, references)| corpus.cider(caption, references))
            .sum();
        let mut totals = vec![Total::share(RULE, "CIDEr-D, of 10", cider / samples.len() as f64)];
        let bleu = bleu(pairs());
        totals.extend(
            (1..)
                .zip(bleu)
                .map(|(at, value)| Total::share(RULE, format!("BLEU-{at}"), value)),
        );
        let mut different: Vec<&Vec<String>> = captions.iter().collect();
        different.sort_unstable();
        different.dedup();
        totals.push(Total::count("ours", "different captions", different.len()));
        (totals, Vec::new())
    }
}
