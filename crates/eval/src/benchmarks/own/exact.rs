//! Tasks of our own with one right answer: `answer`, and `part`, by which totals are given as well.

use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::python;
use crate::score::Score;
use crate::scoring::{Origin, Sample, Scoring, Wanted, by_part};
use crate::summary::Total;

/// Name and version of the rule: equal in lower case, without spaces and full stops around. The shipped models' training scores by the same.
const RULE: &str = "exact/1, ours";

pub(crate) struct Exact;

/// A question's gold.
pub(crate) struct Gold {
    answer: String,
    part: Option<String>,
}

fn plain(text: &str) -> String {
    python::lower(text).trim_matches(['.', ' ']).to_owned()
}

impl Scoring for Exact {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        Ok(Some(Gold {
            answer: plain(item.text("answer")?),
            part: item.maybe_text("part")?.map(str::to_owned),
        }))
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        Score {
            score: f64::from(plain(response.text()) == gold.answer),
            ..Score::default()
        }
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let scores = samples
            .iter()
            .map(|sample| (sample.gold.part.as_deref(), sample.score.score));
        (by_part(RULE, scores), Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_full_stops_do_not_count() {
        let gold = Gold {
            answer: plain("CD player"),
            part: None,
        };
        let score = |text: &str| Exact.score(&Response::Text(text.to_owned()), &gold).score;
        assert_eq!(score(" cd Player. "), 1.0);
        assert_eq!(score("a CD player"), 0.0);
        assert_eq!(score(""), 0.0);
    }
}
