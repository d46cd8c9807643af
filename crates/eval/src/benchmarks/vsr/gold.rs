//! VSR: `label`; gold is the official JSON lines, whose ids are their places from 0. Probabilities are those of `True` and `False`.
//!
//! The paper's code scores probabilities only. For written answers there is a rule of our own: [`RULE`].

use super::rule::{self, Totals};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::python;
use crate::score::Score;
use crate::scoring::{self, FORK, Origin, Sample, Scoring, Wanted};
use crate::summary::Total;

/// Name and version of the rule for written answers: the first word, without ASCII punctuation around it and in lower case, is `true` or `yes`,
/// `false` or `no`; all else is invalid.
const RULE: &str = "first-word/1, ours";

pub(crate) struct Vsr;

/// Whether a written answer says that the statement is true.
fn says_true(answer: &str) -> Option<bool> {
    let word = python::split(answer)
        .next()?
        .trim_matches(|c: char| c.is_ascii_punctuation());
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

impl Scoring for Vsr {
    type Gold = bool;

    fn wanted(&self) -> Wanted {
        Wanted::Either(2)
    }

    fn layouts(&self) -> &'static [Layout] {
        // The second is the metadata that the paper's code writes.
        &[Layout::Lines, Layout::ById]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<bool>, InputError> {
        let name = if item.has("true_false") { "true_false" } else { "label" };
        item.need(name, "true or false")?;
        match item.get(name).and_then(serde_json::Value::as_str) {
            Some("True" | "true") => Ok(Some(true)),
            Some("False" | "false") => Ok(Some(false)),
            _ => item.maybe_truth(name),
        }
    }

    fn item_keys(&self, _: &Fields, key: Option<&str>, at: usize, _: &bool) -> Result<Vec<String>, InputError> {
        Ok(vec![key.map_or_else(|| at.to_string(), str::to_owned)])
    }

    fn wrong(&self, gold: &bool, probable: bool) -> Response {
        scoring::wrong_of_two(["true", "false"], usize::from(!*gold), probable)
    }

    fn score(&self, response: &Response, gold: &bool) -> Score {
        match response {
            Response::Text(text) => Score::or_invalid(says_true(text).map(|says| f64::from(says == *gold))),
            Response::Probabilities(probabilities) => rule::score([probabilities[0], probabilities[1]], *gold),
        }
    }

    fn totals(&self, samples: &[Sample<bool>]) -> (Vec<Total>, Vec<String>) {
        let count = samples.len() as f64;
        if let Response::Text(_) = samples[0].response {
            let right: f64 = samples.iter().map(|sample| sample.score.score).sum();
            let labels = samples.iter().filter(|sample| *sample.gold).count();
            let note = "the paper's code scores probabilities only; written answers by a rule of our own: the first word is true, yes, \
                        false or no";
            let totals = [
                Total::share(RULE, "accuracy", right / count),
                Total::share(FORK, "always answering true", labels as f64 / count),
            ];
            return (totals.into(), vec![note.to_owned()]);
        }
        let pair = |sample: &Sample<bool>| {
            let probabilities = sample.response.probabilities();
            ([probabilities[0], probabilities[1]], *sample.gold)
        };
        let totals = Totals::of(&samples.iter().map(pair).collect::<Vec<_>>()).unwrap_or_default();
        let list = [
            Total::share(FORK, "accuracy", totals.accuracy),
            Total::share(FORK, "always answering true", totals.always_true),
            Total::share(FORK, "area under ROC", totals.auc_roc),
            Total::share(FORK, "area under precision-recall", totals.auc_pr),
        ];
        (list.into(), Vec::new())
    }
}
