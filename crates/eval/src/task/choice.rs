//! The most probable of some choices, a rule of our own for tasks without an official one: `choice` is the place of the right one, from 0.

use super::{Benchmark, Sample, Source, Wanted};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::score::ranking::choice;
use crate::summary::Total;

/// Name and version of the rule: the first of the most probable ones.
const RULE: &str = "most probable/1, ours";

pub(super) struct Choice;

impl Benchmark for Choice {
    type Gold = usize;

    fn wanted(&self) -> Wanted {
        Wanted::Probabilities(2)
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines, Layout::List]
    }

    fn gold(&self, item: &Fields, _: Source) -> Result<Option<usize>, InputError> {
        item.need("choice", "a place from 0")?;
        item.maybe_count("choice")
    }

    fn score(&self, response: &Response, gold: &usize) -> Score {
        let probabilities = response.probabilities();
        Score::or_invalid(choice(probabilities, probabilities).map(|found| f64::from(found == *gold)))
    }

    fn totals(&self, samples: &[Sample<usize>]) -> (Vec<Total>, Vec<String>) {
        let right: f64 = samples.iter().map(|sample| sample.score.score).sum();
        (
            vec![Total::share(RULE, "accuracy", right / samples.len() as f64)],
            Vec::new(),
        )
    }
}
