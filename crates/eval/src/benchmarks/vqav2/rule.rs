//! VQAv2: soft accuracy, by the paper's evaluation code and by the benchmark's own.
//!
//! Two official codes, and they disagree:
//!
//! - the paper's fork (`util/evaluation/vqav2/eval.py`, MIT, after LAVIS, BSD-3-Clause) normalises the prediction in full and the given
//!   answers in their punctuation only, so that an answer with a capital, an article or a number word can never be matched;
//! - GT-Vision-Lab/VQA (`vqaEval.py`, BSD-2-Clause) normalises both in full, but neither where all given answers are the same.
//!
//! Both leave out not an answer's place but every answer whose record equals it (`other != answer` compares whole records, after
//! normalisation, with `answer_id` among the fields): the same thing as long as ids are distinct.
//!
//! Both write their normalised answers back into the annotations, which shows only where one question is scored twice; a repeated
//! question id is an error for us. An item without answers stops either code. Here it is invalid and scores 0.
//!
//! GT-Vision-Lab's code is Python 2. Ours equals its conversion to Python 3, print statements only, as everyone runs it. Under Python 2
//! itself `\d` is ASCII, letter case is an older Unicode's, and rounding takes ties away from zero.

use std::collections::BTreeMap;

use crate::mutant::branch;
use crate::python;

use crate::rules::words::{CONTRACTIONS, has_digit_comma, plain, punctuation, soft_accuracy, words};
use crate::score::Score;

/// One record of a question's `answers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// `answer`.
    pub text: String,
    /// `answer_confidence`, which matters only where ids repeat.
    pub confidence: String,
    /// `answer_id`.
    pub id: i64,
}

impl Answer {
    /// Answers that came as bare text, numbered from 1 as the annotations number them.
    pub fn numbered<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<Self> {
        let texts = texts.into_iter().map(Into::into);
        texts
            .zip(1..)
            .map(|(text, id)| Self {
                text,
                id,
                ..Self::default()
            })
            .collect()
    }
}

/// The prediction as the fork compares it.
pub fn normalise(prediction: &str) -> String {
    let text = branch!("vqav2.fork_plain", plain(prediction), prediction.to_owned());
    let comma = branch!("vqav2.fork_comma", has_digit_comma(&text), false);
    let text = punctuation(&text, comma);
    let text = branch!("vqav2.fork_lower", python::lower(&text), text);
    words(&text, &CONTRACTIONS)
}

/// A given answer as the fork compares it.
pub fn normalise_answer(answer: &str) -> String {
    let answer = branch!("vqav2.fork_answer_not_plain", answer.to_owned(), plain(answer));
    let comma = branch!("vqav2.fork_answer_comma", has_digit_comma(&answer), false);
    let text = branch!("vqav2.fork_answer_punctuation", punctuation(&answer, comma), answer);
    branch!(
        "vqav2.fork_answer_no_words",
        text,
        words(&python::lower(&text), &CONTRACTIONS)
    )
}

/// Soft accuracy of one prediction: `score` by the fork, `official` by GT-Vision-Lab's code.
pub fn score(prediction: &str, answers: &[Answer]) -> Score {
    let official = by_benchmark(prediction, answers).unwrap_or(0.0);
    Score {
        official: Some(official),
        ..Score::or_invalid(by_fork(prediction, answers))
    }
}

fn by_fork(prediction: &str, answers: &[Answer]) -> Option<f64> {
    let ours = normalise(prediction);
    let given: Vec<String> = answers.iter().map(|answer| normalise_answer(&answer.text)).collect();
    let same = |a: usize, b: usize| branch!("vqav2.fork_same_record", is_same(answers, &given, a, b), a == b);
    soft_accuracy(given.len(), same, |at| given[at] == ours)
}

fn by_benchmark(prediction: &str, answers: &[Answer]) -> Option<f64> {
    let mut ours = branch!("vqav2.official_plain", plain(prediction), prediction.to_owned());
    let as_given = |answer: &Answer| branch!("vqav2.official_answer_plain", plain(&answer.text), answer.text.clone());
    let mut given: Vec<String> = answers.iter().map(as_given).collect();
    let disagree = given.iter().any(|answer| *answer != given[0]);
    if branch!("vqav2.official_if_answers_differ", disagree, true) {
        for answer in &mut given {
            *answer = branch!("vqav2.official_answer_normalised", in_full(answer), answer.clone());
        }
        ours = branch!("vqav2.official_normalised", in_full(&ours), ours);
    }
    let same = |a: usize, b: usize| branch!("vqav2.official_same_record", is_same(answers, &given, a, b), a == b);
    soft_accuracy(given.len(), same, |at| given[at] == ours)
}

/// Punctuation and words, as GT-Vision-Lab's code handles both sides once line feeds, tabs and outer white space are dealt with.
pub fn in_full(text: &str) -> String {
    let comma = branch!("vqav2.official_comma", has_digit_comma(text), false);
    let text = punctuation(text, comma);
    let text = branch!("vqav2.official_lower", python::lower(&text), text);
    words(&text, &CONTRACTIONS)
}

/// Whether two records are equal once their answers are normalised.
fn is_same(answers: &[Answer], given: &[String], a: usize, b: usize) -> bool {
    let same_confidence = branch!("vqav2.confidence", answers[a].confidence == answers[b].confidence, true);
    let same_id = branch!("vqav2.id", answers[a].id == answers[b].id, true);
    same_id && same_confidence && branch!("vqav2.same_text", given[a] == given[b], true)
}

/// What the totals need to know of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// Its soft accuracy, by the code whose totals are wanted.
    pub score: f64,
    /// `answer_type` of the annotation: yes/no, number, other.
    pub answer_type: &'a str,
    /// `question_type` of the annotation: how the question begins.
    pub question_type: &'a str,
}

/// The official totals, in percent with two decimals.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Mean accuracy.
    pub overall: f64,
    /// Mean accuracy of each answer type.
    pub answer_types: BTreeMap<String, f64>,
    /// Mean accuracy of each question type.
    pub question_types: BTreeMap<String, f64>,
}

impl Totals {
    /// Totals as the fork rounds them, of samples in the order of the annotations; none of no samples.
    pub fn by_fork(samples: &[Sample]) -> Option<Self> {
        let percent =
            |total: f64, count: f64| branch!("vqav2.fork_percent", 100.0 * (total / count), 100.0 * total / count);
        Self::of(samples, percent)
    }

    /// Totals as GT-Vision-Lab's code rounds them, of samples in the order of the annotations; none of no samples.
    pub fn by_benchmark(samples: &[Sample]) -> Option<Self> {
        let percent =
            |total: f64, count: f64| branch!("vqav2.official_percent", 100.0 * total / count, 100.0 * (total / count));
        Self::of(samples, percent)
    }

    fn of(samples: &[Sample], percent: fn(f64, f64) -> f64) -> Option<Self> {
        let mean = |scores: &[f64]| python::round(percent(python::sum(scores.iter().copied()), scores.len() as f64), 2);
        let by = |kind: for<'a> fn(&Sample<'a>) -> &'a str| {
            let mut scores = BTreeMap::<String, Vec<f64>>::new();
            for sample in samples {
                scores.entry(kind(sample).to_owned()).or_default().push(sample.score);
            }
            scores.into_iter().map(|(kind, scores)| (kind, mean(&scores))).collect()
        };
        let all: Vec<f64> = samples.iter().map(|sample| sample.score).collect();
        (!samples.is_empty()).then(|| Self {
            overall: mean(&all),
            answer_types: by(|sample| sample.answer_type),
            question_types: by(|sample| sample.question_type),
        })
    }
}
