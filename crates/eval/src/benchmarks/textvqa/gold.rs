//! TextVQA: `answers`, ten of them; gold is the official annotations. LLaVA's answers name the picture, not the question: they are joined by
//! picture and question text, as its own script does.

use super::rule;
use crate::answers::fields::{Fields, InputError};
use crate::answers::{Answer, Response};
use crate::gold::Layout;
use crate::python;
use crate::score::Score;
use crate::scoring::{self, FORK, Origin, QuestionLine, Sample, Scoring, Wanted};
use crate::summary::Total;

/// What stands before the OCR tokens in LLaVA's prompts.
const OCR: &str = "Reference OCR token:";

pub(crate) struct TextVqa;

/// Key of a question by its picture.
fn by_picture(image: &str, question: &str) -> String {
    format!("{image}\n{}", python::lower(question))
}

/// The question in LLaVA's prompt: its line, which the OCR tokens stand before or after, and a line of instruction follows. An older
/// prompt has OCR tokens first and both in words. None for other prompts, at which LLaVA's script stops.
fn question_of(prompt: &str) -> Option<&str> {
    if prompt.starts_with("OCR tokens: ") {
        let (_, rest) = prompt.split_once("Question: ")?;
        return Some(rest.split_once(" Short answer:")?.0);
    }
    let lines: Vec<&str> = prompt.split('\n').collect();
    match lines[..] {
        [first, second, _] if first.starts_with(OCR) => Some(second),
        [first, _, _] if prompt.contains(OCR) => Some(first),
        [first, _] => Some(first),
        _ => None,
    }
}

impl Scoring for TextVqa {
    type Gold = Vec<String>;

    fn wanted(&self) -> Wanted {
        Wanted::Text
    }

    fn layouts(&self) -> &'static [Layout] {
        // The second is what the paper's code writes for its subsets.
        &[Layout::Under("data"), Layout::ById]
    }

    fn gold(&self, item: &Fields, _: Origin) -> Result<Option<Vec<String>>, InputError> {
        item.texts("answers").map(Some)
    }

    fn item_keys(
        &self,
        item: &Fields,
        key: Option<&str>,
        _: usize,
        _: &Vec<String>,
    ) -> Result<Vec<String>, InputError> {
        let mut keys = vec![scoring::item_id(item, key)?];
        if let (Some(image), Some(question)) = (item.maybe_text("image_id")?, item.maybe_text("question")?) {
            let question = question.split(&format!("\n{OCR}")).next().unwrap_or(question);
            keys.push(by_picture(image, question));
        }
        Ok(keys)
    }

    fn answer_keys(&self, answer: &Answer) -> Result<Vec<String>, InputError> {
        let Some(id) = &answer.gold_id else {
            return Ok(Vec::new());
        };
        let question = answer.prompt.as_deref().and_then(question_of);
        let by_picture = question.map(|question| by_picture(id, question));
        Ok(by_picture.into_iter().chain([id.clone()]).collect())
    }

    fn question_keys(&self, question: &QuestionLine) -> Result<Vec<String>, InputError> {
        let text = question.fields.maybe_text("text")?.and_then(question_of);
        let by_picture = text.map(|text| by_picture(&question.id, text));
        Ok(by_picture.into_iter().chain([question.id.clone()]).collect())
    }

    fn score(&self, response: &Response, gold: &Vec<String>) -> Score {
        rule::score(response.text(), gold)
    }

    fn totals(&self, samples: &[Sample<Vec<String>>]) -> (Vec<Total>, Vec<String>) {
        let scores: Vec<f64> = samples.iter().map(|sample| sample.score.score).collect();
        let invalid = samples.iter().any(|sample| sample.score.valid == Some(false));
        let note = "invalid: a question without exactly ten answers, at which the official code stops";
        let notes = invalid.then(|| note.to_owned()).into_iter().collect();
        (vec![Total::share(FORK, "accuracy", rule::total(&scores))], notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts() {
        let tail = "Answer the question using a single word or phrase.";
        let cases = [
            (format!("What is it?\n{tail}"), Some("What is it?")),
            (format!("What is it?\n{OCR} A, B\n{tail}"), Some("What is it?")),
            (format!("{OCR} A, B\nWhat is it?\n{tail}"), Some("What is it?")),
            (
                "OCR tokens: A, B. Question: What is it? Short answer:".to_owned(),
                Some("What is it?"),
            ),
            ("What is it?".to_owned(), None),
        ];
        for (prompt, expected) in cases {
            assert_eq!(question_of(&prompt), expected, "{prompt}");
        }
    }
}
