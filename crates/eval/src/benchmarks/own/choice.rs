//! Tasks of our own that ask for one of two letters: `answer` (A or B), and `part`, by which totals are given as well. Probabilities are
//! those of the letters.

use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::python;
use crate::score::Score;
use crate::scoring::{self, Origin, Sample, Scoring, Wanted, by_part};
use crate::summary::Total;

/// Name and version of the rule: the more probable letter, A where they are equal; of a written answer the first word, without ASCII
/// punctuation around it, or else it is invalid.
const RULE: &str = "choice/1, ours";

const LETTERS: [&str; 2] = ["A", "B"];

pub(crate) struct Choice;

/// A question's gold.
pub(crate) struct Gold {
    answer: usize,
    part: Option<String>,
}

/// Which letter a written answer is.
fn letter(text: &str) -> Option<usize> {
    let word = python::split(text)
        .next()?
        .trim_matches(|c: char| c.is_ascii_punctuation());
    LETTERS.iter().position(|letter| word.eq_ignore_ascii_case(letter))
}

impl Scoring for Choice {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Either(LETTERS.len())
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Lines]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        let text = item.text("answer")?;
        let answer = LETTERS.iter().position(|letter| *letter == text);
        Ok(Some(Gold {
            answer: answer.ok_or_else(|| item.error("answer", format!("`{text}`; A or B is wanted")))?,
            part: item.maybe_text("part")?.map(str::to_owned),
        }))
    }

    fn wrong(&self, gold: &Gold, probable: bool) -> Response {
        scoring::wrong_of_two(LETTERS, gold.answer, probable)
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        let said = match response {
            Response::Text(text) => letter(text),
            Response::Probabilities(found) if found.iter().any(|share| share.is_nan()) => None,
            Response::Probabilities(found) => Some(usize::from(found[1] > found[0])),
        };
        Score::or_invalid(said.map(|said| f64::from(said == gold.answer)))
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
    fn letters_written_and_probable() {
        let gold = Gold { answer: 1, part: None };
        let written = |text: &str| Choice.score(&Response::Text(text.to_owned()), &gold);
        assert_eq!(written("B.").score, 1.0);
        assert_eq!(written("(b) the second").score, 1.0);
        assert_eq!(written("A").score, 0.0);
        assert_eq!(written("Both").valid, Some(false));
        let probable = |shares: [f64; 2]| Choice.score(&Response::Probabilities(shares.into()), &gold);
        assert_eq!(probable([0.2, 0.8]).score, 1.0);
        assert_eq!(probable([0.5, 0.5]).score, 0.0);
        assert_eq!(probable([f64::NAN, 0.5]).valid, Some(false));
    }

    #[test]
    fn the_wrong_answer_is_wrong() {
        for answer in [0, 1] {
            let gold = Gold { answer, part: None };
            for probable in [false, true] {
                assert_eq!(Choice.score(&Choice.wrong(&gold, probable), &gold).score, 0.0);
            }
        }
    }
}
