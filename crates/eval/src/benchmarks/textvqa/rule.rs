//! TextVQA: soft accuracy of the M4C / EvalAI evaluator, the same for prompts with and without OCR tokens.
//!
//! The rules are MMF's (`util/evaluation/textvqa/m4c_evaluators.py` of the paper's evaluation code, BSD, (c) Facebook): prediction and
//! answers are normalised alike, after commas and question marks are gone, so that no comma between digits is ever seen.
//!
//! Items must have ten answers: the official code stops at any other number. Here such an item is invalid and scores 0.

use crate::mutant::branch;
use crate::python;

use crate::rules::words::{CONTRACTIONS, plain, punctuation, soft_accuracy, words};
use crate::score::Score;

/// How many answers an item must have.
const ANSWERS: usize = 10;

/// A prediction or an answer as it is compared.
pub fn normalise(text: &str) -> String {
    let text = branch!("textvqa.lower_first", python::lower(text), text.to_owned());
    let text = branch!("textvqa.comma", text.replace(',', ""), text);
    let text = branch!("textvqa.question_mark", text.replace('?', ""), text);
    let text = branch!("textvqa.possessive", text.replace("'s", " 's"), text);
    // The official code strips here, and once more where line feeds are gone: the second time changes nothing.
    let text = branch!("textvqa.plain", plain(&text), text);
    let text = branch!("textvqa.punctuation", punctuation(&text, false), text);
    branch!("textvqa.words", words(&text, &CONTRACTIONS), text)
}

/// Soft accuracy of one prediction against ten answers.
pub fn score<T: AsRef<str>>(prediction: &str, answers: &[T]) -> Score {
    if branch!("textvqa.ten_answers", answers.len() != ANSWERS, answers.is_empty()) {
        return Score::or_invalid(None);
    }
    let ours = normalise(prediction);
    let normalised = |answer: &T| {
        branch!(
            "textvqa.answers",
            normalise(answer.as_ref()),
            answer.as_ref().to_owned()
        )
    };
    let given: Vec<String> = answers.iter().map(normalised).collect();
    let same = |a: usize, b: usize| branch!("textvqa.left_out_by_place", a == b, given[a] == given[b]);
    Score::or_invalid(soft_accuracy(given.len(), same, |at| given[at] == ours))
}

/// The official total, 0 to 1 and unrounded: the mean over samples in the order of the results; none of no samples.
pub fn total(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| python::sum(scores.iter().copied()) / scores.len() as f64)
}
