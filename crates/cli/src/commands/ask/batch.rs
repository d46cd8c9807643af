//! `sightline ask --batch`: questions of a file, answered line by line. What cannot be asked is
//! named, and the others are answered.

use std::path::PathBuf;

use serde_json::Value;
use sightline_answer::BatchLine;
use sightline_vision::Picture;
use sightline_vlm::{Listener, Options, QuestionFile, Turn};

use super::{Models, read_picture};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, UNREADABLE};
use crate::output;

/// Asks every question of every model, and prints each answer as it is there.
pub(super) async fn ask(batch: &QuestionFile, models: &mut Models<'_>, options: &Options) -> Result<(), Failure> {
    let bar = output::count_bar(batch.questions.len(), "");
    let mut last: Option<(PathBuf, Result<Picture, Failure>)> = None;
    let mut left_out = 0;
    for (index, question) in batch.questions.iter().enumerate() {
        bar.set_message(format!("id {}", question.id));
        let path = batch.picture(question);
        if last.as_ref().is_none_or(|(seen, _)| *seen != path) {
            last = Some((path.clone(), read_picture(&path)));
        }
        let outcome = match &last {
            Some((_, Ok(picture))) => {
                let turn = Turn {
                    picture,
                    question: &question.question,
                    options: *options,
                    number: index,
                };
                let mut printer = Printer {
                    id: &question.id,
                    bar: &bar,
                };
                match models.answer(&turn, &mut printer).await {
                    // About this question alone.
                    Err(failure) if failure.code == INPUT => Err(failure.to_string()),
                    Err(failure) => return Err(failure),
                    Ok(()) => Ok(()),
                }
            }
            Some((_, Err(failure))) => Err(failure.to_string()),
            None => Ok(()),
        };
        if let Err(why) = outcome {
            left_out += 1;
            let place = format!("{} line {} (id {})", batch.file.display(), question.line, question.id);
            bar.suspend(|| output::note(&format!("sightline: {place}: {why}")));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if left_out == 0 {
        return Ok(());
    }
    let (file, all) = (batch.file.display(), batch.questions.len());
    let rest = match all - left_out {
        0 => "none is answered",
        _ => "the others are answered",
    };
    let problem = format!("{file}: {left_out} of {all} questions could not be asked; {rest}");
    Err(Failure::new(UNREADABLE, problem))
}

/// Prints answers as lines of the file.
struct Printer<'a> {
    id: &'a Value,
    bar: &'a indicatif::ProgressBar,
}

impl Listener<Failure> for Printer<'_> {
    async fn answered(&mut self, answer: sightline_answer::Answer) -> Result<(), Failure> {
        let line = serde_json::to_string(&BatchLine::of(self.id, &answer)).or_fail(RUNNING)?;
        self.bar.suspend(|| output::line(&line))
    }
}
