//! Visual7W: `choice` (place of the right option, from 0) and `part` (the question's word), by which totals are given as well.

use super::rule::{self, OPTIONS};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{Origin, Sample, Scoring, Wanted, by_part};
use crate::summary::Total;

/// Name and version of the rule.
const RULE: &str = "most probable option/1, ours";

pub(crate) struct Visual7w;

/// A question's gold.
pub(crate) struct Gold {
    choice: usize,
    part: Option<String>,
}

impl Scoring for Visual7w {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Probabilities(OPTIONS)
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        item.need("choice", "the place of the right option")?;
        let choice = item.maybe_count("choice")?.filter(|choice| *choice < OPTIONS);
        Ok(Some(Gold {
            choice: choice.ok_or_else(|| item.error("choice", format!("not a place from 0 to {}", OPTIONS - 1)))?,
            part: item.maybe_text("part")?.map(str::to_owned),
        }))
    }

    fn wrong(&self, gold: &Gold, _probable: bool) -> Response {
        let wrong = (gold.choice + 1) % OPTIONS;
        Response::Probabilities((0..OPTIONS).map(|at| f64::from(u8::from(at == wrong))).collect())
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        rule::score(response.probabilities(), gold.choice)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let scores = samples
            .iter()
            .map(|sample| (sample.gold.part.as_deref(), sample.score.score));
        (by_part(RULE, scores), Vec::new())
    }
}
