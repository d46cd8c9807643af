//! Files of answers, scored by the rules of a benchmark.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::boxes;
use super::join::{self, Index, Joined};
use super::rule::{Origin, QuestionLine, Sample, Scoring, Wanted, item_id};
use crate::answers::fields::{InputError, Place};
use crate::answers::{self, Answer, Response};
use crate::gold::{self, Layout};
use crate::rules::geometry::Transform;
use crate::score::Score;
use crate::summary::Summary;

/// What is scored, and against what.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Answers.
    pub answers: PathBuf,
    /// Official files with gold; none where the answers hold their own. Several for POPE, a setting
    /// each.
    pub gold: Vec<PathBuf>,
    /// Questions: what the answers' ids mean, and which questions are wanted.
    pub questions: Option<PathBuf>,
    /// `image_transform.json` of the run, for boxes whose lines do not hold it.
    pub transform: Option<PathBuf>,
    /// Lets missing, extra and repeated answers pass.
    pub partial: bool,
}

/// A scored file.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Totals and counts.
    pub summary: Summary,
    /// Id and score of every answer.
    pub samples: Vec<(String, Score)>,
}

impl Scored {
    /// Writes a JSON line per sample.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_samples(&self, mut out: impl Write) -> std::io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            id: &'a str,
            score: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            score_official: Option<f64>,
            valid: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            iou: Option<f64>,
        }
        for (id, score) in &self.samples {
            let line = Line {
                id,
                score: score.score,
                score_official: score.official,
                valid: score.valid.unwrap_or(true),
                iou: score.iou,
            };
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Scores a file of answers by the rules of one benchmark.
pub(crate) fn run<B: Scoring>(mut benchmark: B, files: &Files) -> Result<Scored, InputError> {
    let (format, answers) = answers::read(&files.answers)?;
    check_responses(benchmark.wanted(), &answers)?;
    let transform = files.transform.as_deref().map(boxes::read_transform).transpose()?;
    let transform = transform.as_ref();
    let mut ids = Vec::new();
    let (golds, mut joined) = if files.gold.is_empty() {
        if let Some(questions) = &files.questions {
            let place = Place::file(&questions.display().to_string());
            return Err(InputError::new(
                &place,
                "--questions without --gold; name the official file, too",
            ));
        }
        let source = Origin { file: None, transform };
        let of_line = |answer: &Answer| {
            let other = || InputError::new(&answer.fields.place, "belongs to another task; is --task right?");
            benchmark.gold(&answer.fields, source)?.ok_or_else(other)
        };
        let golds: Vec<B::Gold> = answers.iter().map(of_line).collect::<Result<_, _>>()?;
        ids.extend(answers.iter().map(|answer| answer.id.clone()));
        (golds, join::last_of_each(&answers, files.partial)?)
    } else {
        let (golds, index) = read_gold(&benchmark, files, transform)?;
        let joined = join_gold(&benchmark, files, &answers, &index)?;
        ids.extend(index.ids);
        (golds, joined)
    };
    benchmark.learn(&golds.iter().collect::<Vec<_>>());
    if benchmark.in_gold_order() {
        joined.pairs.sort_unstable_by_key(|pair| pair.1);
    }
    let samples: Vec<Sample<B::Gold>> = joined
        .pairs
        .iter()
        .map(|&(answer, item)| {
            let (response, gold) = (&answers[answer].response, &golds[item]);
            Sample {
                response,
                gold,
                score: benchmark.score(response, gold),
            }
        })
        .collect();
    if samples.is_empty() {
        let place = Place::file(&files.answers.display().to_string());
        return Err(InputError::new(
            &place,
            "no answer is to a question of the gold file; are both of one benchmark?",
        ));
    }
    let (totals, notes) = benchmark.totals(&samples);
    let summary = Summary {
        task: "",
        answers: files.answers.display().to_string(),
        format: format.to_string(),
        count: samples.len(),
        invalid: samples
            .iter()
            .filter(|sample| sample.score.valid == Some(false))
            .count(),
        partial: files.partial.then_some(joined.partial),
        totals,
        notes,
    };
    let samples = joined.pairs.iter().zip(&samples);
    let samples = samples
        .map(|(pair, sample)| (ids[pair.1].clone(), sample.score))
        .collect();
    Ok(Scored { summary, samples })
}

/// Whether the answers are what a task scores.
fn check_responses(wanted: Wanted, answers: &[Answer]) -> Result<(), InputError> {
    for answer in answers {
        let fields = &answer.fields;
        match (&answer.response, wanted) {
            (Response::Text(_), Wanted::Probabilities(count)) => {
                let problem = format!("this task scores `probabilities`, a list of {count} numbers a line");
                return Err(fields.error("probabilities", problem));
            }
            (Response::Probabilities(_), Wanted::Text) => {
                return Err(fields.error("prediction", "this task scores written answers, not probabilities"));
            }
            (Response::Probabilities(found), Wanted::Probabilities(count) | Wanted::Either(count))
                if found.len() != count =>
            {
                let problem = format!("{} numbers where the task has {count} choices", found.len());
                return Err(fields.error("probabilities", problem));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the gold files.
fn read_gold<B: Scoring>(
    benchmark: &B,
    files: &Files,
    transform: Option<&Transform>,
) -> Result<(Vec<B::Gold>, Index), InputError> {
    let (mut golds, mut index) = (Vec::new(), Index::default());
    for path in &files.gold {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Origin {
            file: Some(&name),
            transform,
        };
        let mut at = 0;
        gold::read(&path.into(), benchmark.layouts(), |key, item| {
            if let Some(gold) = benchmark.gold(&item, source)? {
                index.add(benchmark.item_keys(&item, key.as_deref(), at, &gold)?, &item.place)?;
                golds.push(gold);
            }
            at += 1;
            Ok(())
        })?;
    }
    Ok((golds, index))
}

/// Joins answers to a gold file, through the questions file where there is one.
fn join_gold<B: Scoring>(
    benchmark: &B,
    files: &Files,
    answers: &[Answer],
    index: &Index,
) -> Result<Joined, InputError> {
    let without = |answer: &Answer| {
        let problem = "holds no official id, only a count of rows; log the `doc` as well, or score without --gold";
        InputError::field(&answer.fields.place, "doc_id", problem)
    };
    if let Some(answer) = answers.iter().find(|answer| answer.gold_id.is_none()) {
        return Err(without(answer));
    }
    let Some(path) = &files.questions else {
        let find = |answer: &Answer| index.find(&benchmark.answer_keys(answer)?, &answer.fields.place);
        let targets: Vec<_> = answers.iter().map(find).collect::<Result<_, _>>()?;
        let wanted: Vec<usize> = (0..index.ids.len()).collect();
        return join::join(answers, &targets, &wanted, index, files.partial);
    };
    let mut by_id = HashMap::new();
    let layouts = [Layout::Lines, Layout::List, Layout::Under("questions")];
    gold::read(&path.into(), &layouts, |_, fields| {
        let id = item_id(&fields, None)?;
        let place = fields.place.clone();
        let question = QuestionLine { id: id.clone(), fields };
        let item = index.find(&benchmark.question_keys(&question)?, &place)?;
        let item = item.ok_or_else(|| {
            InputError::new(
                &place,
                format!("question `{id}` is not in the gold file; is it the right one?"),
            )
        })?;
        match by_id.insert(id, item) {
            None => Ok(()),
            Some(_) => {
                let problem = format!("ambiguous: the id `{}` stands for a question before", question.id);
                Err(InputError::new(&place, problem))
            }
        }
    })?;
    let mut wanted: Vec<usize> = by_id.values().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let target = |answer: &Answer| by_id.get(answer.gold_id.as_ref()?).copied();
    let targets: Vec<_> = answers.iter().map(target).collect();
    join::join(answers, &targets, &wanted, index, files.partial)
}
