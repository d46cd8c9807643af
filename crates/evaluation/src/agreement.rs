//! Whether two runs say the same, question by question: one device beside another.

use std::collections::HashMap;

use serde::Serialize;
use sightline_eval::interval::{Group, Headline};
use sightline_eval::score::Score;
use sightline_eval::scorer::{Outcome, Record};

use crate::error::EvaluationError;
use crate::run::read_record;

/// A question whose answer differs: other words, or another choice that is the most probable one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Different {
    /// Its id.
    pub id: String,
    /// Both answers.
    pub answers: [String; 2],
    /// Of each the smallest distance between the best and the second logit of its steps. Where one
    /// model ran on two devices or with two batch sizes, it says how close the choice was.
    pub margins: [Option<f32>; 2],
}

impl Different {
    /// Of two answers to one question; none where they are the same.
    pub(crate) fn of(records: [&Record; 2]) -> Option<Self> {
        let answers = records.map(answer);
        (answers[0] != answers[1]).then(|| Self {
            id: records[0].id.clone(),
            answers,
            margins: records.map(|record| record.margin),
        })
    }
}

/// How many answers of two runs are the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Questions that both answered about the same picture.
    pub count: usize,
    /// Of them those with the same answer: the same text, or the same most probable choice.
    pub equal: usize,
    /// Their share and the ends of its 95 % interval, see [`share`]; none of no question.
    pub share: Option<[f64; 3]>,
    /// Largest difference of a choice's probability.
    pub probability: Option<f32>,
    /// Questions of the first run that the second does not have.
    pub alone: usize,
    /// Questions of the second run that the first does not have.
    pub theirs_alone: usize,
    /// Questions that both have, about different pictures.
    pub other_pictures: usize,
    /// Questions with another answer, in the first run's order.
    pub different: Vec<Different>,
}

impl Agreement {
    /// Of the records of one run, each with the picture it is about, with the records of another
    /// run, whatever their order.
    pub fn of<'a>(ours: impl IntoIterator<Item = (&'a Record, &'a Group)>, theirs: &[Record]) -> Self {
        let mut known: HashMap<&str, &Record> = theirs.iter().map(|record| (record.id.as_str(), record)).collect();
        let mut found = Self::default();
        let mut same = Vec::new();
        for (record, group) in ours {
            let Some(other) = known.remove(record.id.as_str()) else {
                found.alone += 1;
                continue;
            };
            if record.image != other.image {
                found.other_pictures += 1;
                continue;
            }
            same.push((group.image.as_str(), found.add(record, other)));
        }
        found.theirs_alone = known.len();
        found.share = share(same);
        found
    }

    /// Whether the answers are the same.
    fn add(&mut self, record: &Record, other: &Record) -> bool {
        self.count += 1;
        if let (Outcome::Probabilities(one), Outcome::Probabilities(two)) = (&record.outcome, &other.outcome) {
            let distances = one.iter().zip(two).map(|(one, two)| (one - two).abs());
            let most = distances.fold(self.probability.unwrap_or(0.0), f32::max);
            self.probability = Some(most);
        }
        let different = Different::of([record, other]);
        let same = different.is_none();
        self.equal += usize::from(same);
        self.different.extend(different);
        same
    }
}

/// Share of equal answers and the ends of its 95 % interval, which is made as that of a score:
/// pictures are drawn with all their questions. `answers`: each question's picture, and whether the
/// answers are equal. None without a question.
pub fn share<'a>(answers: impl IntoIterator<Item = (&'a str, bool)>) -> Option<[f64; 3]> {
    let answers: Vec<(Group, Score)> = answers
        .into_iter()
        .map(|(image, same)| {
            let group = Group {
                image: image.to_owned(),
                setting: 0,
            };
            let score = Score {
                score: f64::from(u8::from(same)),
                ..Score::default()
            };
            (group, score)
        })
        .collect();
    let samples: Vec<(&Group, Score)> = answers.iter().map(|(group, score)| (group, *score)).collect();
    let found = Headline::of(&samples)?.interval;
    Some([found.estimate, found.low, found.high])
}

/// What was said, in words.
fn answer(record: &Record) -> String {
    match &record.outcome {
        Outcome::Text(text) => text.clone(),
        Outcome::Probabilities(shares) => match shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) {
            Some((best, _)) => format!("choice {best}"),
            None => String::new(),
        },
        Outcome::Unreadable(_) => "not read".to_owned(),
    }
}

/// The records of a `samples.jsonl` of any run. A last line without its end is that of a run that
/// goes on, and is left out.
///
/// # Errors
/// A line that is no answer of a run.
pub fn read_samples(name: &str, bytes: &[u8]) -> Result<Vec<Record>, EvaluationError> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let torn = whole > 0 && read_record(&bytes[whole..]).is_err();
    let bytes = if torn { &bytes[..whole] } else { bytes };
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

    fn group(image: &str) -> Group {
        Group {
            image: image.to_owned(),
            setting: 0,
        }
    }

    fn agreement(ours: &[Record], theirs: &[Record]) -> Agreement {
        let groups: Vec<Group> = ours
            .iter()
            .map(|record| group(record.image.as_deref().unwrap_or_default()))
            .collect();
        Agreement::of(ours.iter().zip(&groups), theirs)
    }

    #[test]
    fn answers_are_compared_by_question_and_picture() {
        let ours = [
            text("a", "1", "yes"),
            text("b", "2", "yes"),
            text("c", "3", "no"),
            text("d", "4", "no"),
        ];
        let theirs = [
            text("c", "other", "no"),
            text("b", "2", "no"),
            text("a", "1", "yes"),
            text("e", "5", "no"),
        ];
        let found = agreement(&ours, &theirs);
        assert_eq!((found.count, found.equal), (2, 1));
        assert_eq!((found.alone, found.theirs_alone, found.other_pictures), (1, 1, 1));
        assert_eq!(found.different[0].answers, ["yes", "no"]);
        assert_eq!((found.different[0].margins, found.probability), ([Some(0.25); 2], None));
        // Wilson's interval of one of two.
        let [share, low, high] = found.share.expect("a share");
        assert!(share == 0.5 && (low - 0.0945).abs() < 1e-4 && (high - 0.9055).abs() < 1e-4);
        assert_eq!(agreement(&[], &theirs).share, None);
    }

    #[test]
    fn pictures_are_drawn_with_all_their_questions() {
        // Two pictures, one with all answers the same: as sure as two answers, not as twenty.
        let answers = (0..20).map(|at| (if at < 10 { "a" } else { "b" }, at < 10));
        let [share, low, high] = share(answers).expect("a share");
        assert_eq!((share, low, high), (0.5, 0.0, 1.0));
    }

    #[test]
    fn the_most_probable_choice_is_the_answer() {
        let shares = |list: &[f32]| record("a", "1", Outcome::Probabilities(list.to_vec()));
        let found = agreement(&[shares(&[0.75, 0.25])], &[shares(&[0.5, 0.25])]);
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
        assert!(read_samples("notes.txt", b"hello").is_err());
    }

    #[test]
    fn a_run_that_goes_on_is_read_up_to_its_last_whole_line() {
        let whole = crate::run::lines(&[text("a", "1", "yes"), text("b", "2", "no")]);
        for cut in [1, 10] {
            let torn = &whole.as_bytes()[..whole.len() - cut];
            let read = read_samples("samples.jsonl", torn).expect("answers");
            // Only the end of the line is missing, or a part of it.
            assert_eq!(read.len(), if cut == 1 { 2 } else { 1 });
        }
    }
}
