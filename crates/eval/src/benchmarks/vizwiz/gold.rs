//! VizWiz: `answers` and `answerable`; gold is the official annotations, whose items are known by their picture.

use super::rule::{self, Totals};
use crate::answers::fields::{Fields, InputError};
use crate::answers::{Answer, Response};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{FORK, Origin, QuestionLine, Sample, Scoring, Wanted};
use crate::summary::Total;

pub(crate) struct VizWiz;

/// A question's annotation.
pub(crate) struct Gold {
    answers: Vec<String>,
    answerable: Option<bool>,
}

/// A picture's name without its ending: lmms-eval's question ids have none.
fn stem(image: &str) -> String {
    let (stem, ending) = image.rsplit_once('.').unwrap_or((image, ""));
    let is_picture = ["jpg", "jpeg", "png"].contains(&ending.to_ascii_lowercase().as_str());
    if is_picture { stem } else { image }.to_owned()
}

impl Scoring for VizWiz {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::List]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        Ok(Some(Gold {
            answers: item.texts("answers")?,
            answerable: item.maybe_truth("answerable")?,
        }))
    }

    fn item_keys(&self, item: &Fields, _: Option<&str>, _: usize, _: &Gold) -> Result<Vec<String>, InputError> {
        Ok(vec![stem(item.text("image")?)])
    }

    fn answer_keys(&self, answer: &Answer) -> Result<Vec<String>, InputError> {
        Ok(answer.gold_id.iter().map(|id| stem(id)).collect())
    }

    // LLaVA numbers the questions; its questions file says which picture a number is.
    fn question_keys(&self, question: &QuestionLine) -> Result<Vec<String>, InputError> {
        Ok(vec![stem(question.fields.text("image")?)])
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        rule::score(response.text(), &gold.answers)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let known = samples.iter().all(|sample| sample.gold.answerable.is_some());
        let of = |sample: &Sample<Gold>| rule::Sample {
            score: sample.score.score,
            answerable: sample.gold.answerable.unwrap_or(true),
            says_unanswerable: rule::says_unanswerable(sample.response.text()),
        };
        let Some(totals) = Totals::of(&samples.iter().map(of).collect::<Vec<_>>()) else {
            return (Vec::new(), Vec::new());
        };
        let mut list = vec![Total::percent(FORK, "accuracy", totals.overall)];
        if !known {
            let note = "parts need `answerable` with every question";
            return (list, vec![note.to_owned()]);
        }
        list.extend([
            Total::percent(FORK, "answerable: accuracy", totals.answerable),
            Total::percent(FORK, "unanswerable: accuracy", totals.unanswerable),
            Total::percent(FORK, "saying unanswerable: average precision", totals.average_precision),
            Total::percent(FORK, "saying unanswerable: F1", totals.f1),
        ]);
        (list, Vec::new())
    }
}
