//! TallyQA: `answer` (the count) and `setting` (simple or complex); gold is the official test file. Probabilities are those of the letters A to
//! P, which stand for 0 to 15.

use super::rule::{self, Part, Totals};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{FORK, Origin, Sample, Scoring, Wanted};
use crate::summary::Total;

/// How many letters there are.
const LETTERS: usize = 16;

pub(crate) struct TallyQa;

/// A question's gold.
pub(crate) struct Gold {
    answer: usize,
    simple: bool,
}

impl Scoring for TallyQa {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Probabilities(LETTERS)
    }

    fn layouts(&self) -> &'static [Layout] {
        // The second is the metadata that the paper's code writes.
        &[Layout::List, Layout::ById]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        item.need("answer", "the count")?;
        let answer = item.maybe_count("answer")?.unwrap_or_default();
        let simple = match item.maybe_truth("issimple")? {
            Some(simple) => simple,
            None => {
                let name = if item.has("split") { "split" } else { "setting" };
                match item.text(name)? {
                    "simple" => true,
                    "complex" => false,
                    other => return Err(item.error(name, format!("`{other}`; simple or complex is wanted"))),
                }
            }
        };
        Ok(Some(Gold { answer, simple }))
    }

    fn wrong(&self, gold: &Gold, _: bool) -> Response {
        let mut letters = vec![0.0; LETTERS];
        letters[usize::from(gold.answer == 0)] = 1.0;
        Response::Probabilities(letters)
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        rule::score(response.probabilities(), gold.answer)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let of = |sample: &Sample<Gold>| rule::Sample {
            probabilities: sample.response.probabilities().to_vec(),
            answer: sample.gold.answer,
            simple: sample.gold.simple,
        };
        let simple = samples.iter().filter(|sample| sample.gold.simple).count();
        let listed = |name: &str, part: Part, count: usize| {
            [
                Total::share(FORK, format!("{name}accuracy"), part.accuracy).of(count),
                Total::share(FORK, format!("{name}area under ROC, one against one"), part.auc_roc),
                Total::share(
                    FORK,
                    format!("{name}area under precision-recall, mean of counts"),
                    part.auc_pr,
                ),
            ]
        };
        if let Some(totals) = Totals::of(&samples.iter().map(of).collect::<Vec<_>>()) {
            let mut list: Vec<Total> = listed("", totals.all, samples.len()).into();
            list.extend(listed("simple: ", totals.simple, simple));
            list.extend(listed("complex: ", totals.complex, samples.len() - simple));
            return (list, Vec::new());
        }
        let right: f64 = samples.iter().map(|sample| sample.score.score).sum();
        let name = if simple > 0 {
            "simple: accuracy"
        } else {
            "complex: accuracy"
        };
        let list = vec![Total::share(FORK, name, right / samples.len() as f64).of(samples.len())];
        let note = "the paper's code stops where there are no simple or no complex questions: no number over all";
        (list, vec![note.to_owned()])
    }
}
