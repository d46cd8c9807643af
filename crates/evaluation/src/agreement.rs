//! Whether two runs say the same, question by question: one device beside another.

use std::collections::HashMap;

use serde::Serialize;
use sightline_eval::scorer::{Outcome, Record};

use crate::error::EvaluationError;
use crate::run::read_record;

/// Most questions that are listed.
const LISTED: usize = 20;

/// How many answers of two runs are the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Questions that both answered about the same picture.
    pub count: usize,
    /// Of them those with the same answer: the same text, or the same most probable choice.
    pub equal: usize,
    /// Largest difference of a choice's probability.
    pub probability: Option<f32>,
    /// Questions of the first run that the second does not have.
    pub alone: usize,
    /// Questions that both have, about different pictures.
    pub other_pictures: usize,
    /// The first questions with another answer.
    pub different: Vec<Differing>,
}

/// A question with two answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differing {
    /// Its id.
    pub id: String,
    /// What each run said.
    pub answers: [String; 2],
    /// Smallest distance between best and second choice, of the two runs.
    pub margin: Option<f32>,
}

impl Agreement {
    /// Of the records of one run with those of another, whatever their order.
    pub fn of(ours: &[Record], theirs: &[Record]) -> Self {
        let known: HashMap<&str, &Record> = theirs.iter().map(|record| (record.id.as_str(), record)).collect();
        let mut found = Self::default();
        for record in ours {
            let Some(other) = known.get(record.id.as_str()) else {
                found.alone += 1;
                continue;
            };
            if record.image != other.image {
                found.other_pictures += 1;
                continue;
            }
            found.add(record, other);
        }
        found
    }

    fn add(&mut self, record: &Record, other: &Record) {
        self.count += 1;
        if let (Outcome::Probabilities(one), Outcome::Probabilities(two)) = (&record.outcome, &other.outcome) {
            let distances = one.iter().zip(two).map(|(one, two)| (one - two).abs());
            let most = distances.fold(self.probability.unwrap_or(0.0), f32::max);
            self.probability = Some(most);
        }
        let answers = [answer(record), answer(other)];
        if answers[0] == answers[1] {
            self.equal += 1;
        } else if self.different.len() < LISTED {
            let margins = [record.margin, other.margin].into_iter().flatten();
            self.different.push(Differing {
                id: record.id.clone(),
                answers,
                margin: margins.reduce(f32::min),
            });
        }
    }
}

/// What was said, in words.
pub(crate) fn answer(record: &Record) -> String {
    match &record.outcome {
        Outcome::Text(text) => text.clone(),
        Outcome::Probabilities(shares) => match shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) {
            Some((best, _)) => format!("choice {best}"),
            None => String::new(),
        },
        Outcome::Unreadable(_) => "not read".to_owned(),
    }
}

/// The records of a `samples.jsonl` of any run.
///
/// # Errors
/// A line that is no answer of a run.
pub fn read_samples(name: &str, bytes: &[u8]) -> Result<Vec<Record>, EvaluationError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let record = |(at, line): (usize, &[u8])| {
        read_record(line).map_err(|problem| {
            let remedy = "is it the samples.jsonl of a run?";
            EvaluationError::Unusable(format!("{name}, line {}: {problem}; {remedy}", at + 1))
        })
    };
    let records: Vec<Record> = lines.enumerate().map(record).collect::<Result<_, _>>()?;
    if records.is_empty() {
        return Err(EvaluationError::Unusable(format!("{name} holds no answers")));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, image: &str, outcome: Outcome) -> Record {
        Record {
            index: 0,
            id: id.to_owned(),
            key: "of another device".to_owned(),
            image: Some(image.to_owned()),
            outcome,
            margin: Some(0.25),
        }
    }

    fn text(id: &str, image: &str, text: &str) -> Record {
        record(id, image, Outcome::Text(text.to_owned()))
    }

    #[test]
    fn answers_are_compared_by_question_and_picture() {
        let ours = [
            text("a", "1", "yes"),
            text("b", "2", "yes"),
            text("c", "3", "no"),
            text("d", "4", "no"),
        ];
        let theirs = [text("c", "other", "no"), text("b", "2", "no"), text("a", "1", "yes")];
        let found = Agreement::of(&ours, &theirs);
        assert_eq!(
            (found.count, found.equal, found.alone, found.other_pictures),
            (2, 1, 1, 1)
        );
        assert_eq!(found.different[0].answers, ["yes", "no"]);
        assert_eq!((found.different[0].margin, found.probability), (Some(0.25), None));
    }

    #[test]
    fn the_most_probable_choice_is_the_answer() {
        let shares = |list: &[f32]| record("a", "1", Outcome::Probabilities(list.to_vec()));
        let found = Agreement::of(&[shares(&[0.75, 0.25])], &[shares(&[0.5, 0.25])]);
        assert_eq!((found.count, found.equal, found.probability), (1, 1, Some(0.25)));
    }

    #[test]
    fn a_file_that_is_no_run_is_named() {
        let error = read_samples("notes.txt", b"hello\n").unwrap_err().to_string();
        assert!(error.starts_with("notes.txt, line 1: no answer of a run"), "{error}");
        assert!(
            read_samples("empty", b"\n")
                .unwrap_err()
                .to_string()
                .contains("no answers")
        );
    }
}
