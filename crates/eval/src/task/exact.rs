//! Exact match, a rule of our own for tasks without an official one: `answers`, any of which is right.

use super::{Benchmark, Sample, Source, Wanted};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::python;
use crate::score::Score;
use crate::summary::Total;

/// Name and version of the rule: equal in lower case, without white space around it and without a full stop at its end.
const RULE: &str = "exact match/1, ours";

pub(super) struct Exact;

fn tidy(text: &str) -> String {
    let text = python::lower(text);
    let text = text.trim();
    text.strip_suffix('.').unwrap_or(text).trim_end().to_owned()
}

impl Benchmark for Exact {
    type Gold = Vec<String>;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines, Layout::List]
    }

    fn gold(&self, item: &Fields, _: Source) -> Result<Option<Vec<String>>, InputError> {
        item.texts("answers").map(Some)
    }

    fn score(&self, response: &Response, gold: &Vec<String>) -> Score {
        let said = tidy(response.text());
        Score {
            score: f64::from(gold.iter().any(|answer| tidy(answer) == said)),
            ..Score::default()
        }
    }

    fn totals(&self, samples: &[Sample<Vec<String>>]) -> (Vec<Total>, Vec<String>) {
        let right: f64 = samples.iter().map(|sample| sample.score.score).sum();
        (
            vec![Total::share(RULE, "accuracy", right / samples.len() as f64)],
            Vec::new(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule() {
        let right = |said: &str| {
            Exact
                .score(&Response::Text(said.to_owned()), &vec!["French horn".to_owned()])
                .score
        };
        assert_eq!(
            [" french HORN. ", "a French horn", "horn", ""].map(right),
            [1.0, 0.0, 0.0, 0.0]
        );
    }
}
