//! VQAv2: `answers` (texts, or the annotations' records), `answer_type`, `question_type`; gold is the official annotations.

use super::rule::{self, Answer, Totals};
use crate::answers::Response;
use crate::answers::fields::{Fields, InputError};
use crate::gold::Layout;
use crate::score::Score;
use crate::scoring::{FORK, Origin, Sample, Scoring, Wanted};
use crate::summary::Total;

/// The benchmark's own code.
const OFFICIAL: &str = "GT-Vision-Lab's code";

pub(crate) struct Vqav2;

/// A question's annotation.
pub(crate) struct Gold {
    answers: Vec<Answer>,
    answer_type: String,
    question_type: String,
}

impl Scoring for Vqav2 {
    type Gold = Gold;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Under("annotations")]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Gold>, InputError> {
        let mut answers = Answer::numbered(item.texts("answers")?);
        for (answer, record) in answers.iter_mut().zip(item.list("answers", "answers")?) {
            if let Some(id) = record.get("answer_id").and_then(serde_json::Value::as_i64) {
                answer.id = id;
            }
            if let Some(confidence) = record.get("answer_confidence").and_then(serde_json::Value::as_str) {
                answer.confidence = confidence.to_owned();
            }
        }
        let kind = |name| Ok(item.maybe_text(name)?.unwrap_or_default().to_owned());
        Ok(Some(Gold {
            answers,
            answer_type: kind("answer_type")?,
            question_type: kind("question_type")?,
        }))
    }

    fn in_gold_order(&self) -> bool {
        true
    }

    fn score(&self, response: &Response, gold: &Gold) -> Score {
        rule::score(response.text(), &gold.answers)
    }

    fn totals(&self, samples: &[Sample<Gold>]) -> (Vec<Total>, Vec<String>) {
        let mut totals = listed(FORK, Totals::by_fork(&with(samples, |score| score.score)));
        let official = with(samples, |score| score.official.unwrap_or(0.0));
        totals.extend(listed(OFFICIAL, Totals::by_benchmark(&official)));
        (totals, Vec::new())
    }
}

/// What the totals want to know, with one of the two scores.
fn with<'a>(samples: &'a [Sample<Gold>], score: fn(&Score) -> f64) -> Vec<rule::Sample<'a>> {
    let of = |sample: &'a Sample<Gold>| rule::Sample {
        score: score(&sample.score),
        answer_type: &sample.gold.answer_type,
        question_type: &sample.gold.question_type,
    };
    samples.iter().map(of).collect()
}

fn listed(rule: &'static str, totals: Option<Totals>) -> Vec<Total> {
    let Some(totals) = totals else {
        return Vec::new();
    };
    let mut list = vec![Total::percent(rule, "accuracy", totals.overall)];
    let kinds = [
        ("answer type", totals.answer_types),
        ("question type", totals.question_types),
    ];
    for (what, parts) in kinds {
        let known = parts.into_iter().filter(|(kind, _)| !kind.is_empty());
        list.extend(known.map(|(kind, mean)| Total::percent(rule, format!("{what}: {kind}"), mean)));
    }
    list
}
