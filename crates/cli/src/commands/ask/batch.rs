//! `sightline ask --batch`: questions of a file, answered line by line. What cannot be asked is
//! named, and the others are answered.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sightline_answer::Timings;
use sightline_checkpoint::file;
use sightline_vision::Picture;
use sightline_vlm::{Listener, Options, Turn};

use super::line::{BoxPart, boxes};
use super::{Models, read_picture};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, UNREADABLE};
use crate::output;

/// Largest file of questions that is read, bytes.
const MAX_FILE: u64 = 256 << 20;

/// What a line looks like.
const WANTED: &str = r#"a line is {"id": "1", "image": "dog.jpg", "question": "..."}"#;

/// Questions of a file, at least one.
pub(super) struct Batch {
    file: PathBuf,
    questions: Vec<Question>,
}

/// A line of the file.
#[derive(Deserialize)]
struct Question {
    /// A text or a whole number, and in the answers the same.
    id: Value,
    image: PathBuf,
    question: String,
    /// From 1.
    #[serde(skip)]
    line: usize,
}

/// A line of the answers.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    model: &'a str,
    answer: &'a str,
    boxes: Vec<BoxPart<'a>>,
    timings: &'a Timings,
}

/// Reads and checks the whole file, so that a wrong line is known before the first answer.
pub(super) fn read(path: &Path) -> Result<Batch, Failure> {
    let file = path.to_owned();
    let refused = |problem: String| Failure::new(INPUT, problem);
    let text = file::read_text(path, MAX_FILE).map_err(|e| refused(format!("cannot read {}: {e}", path.display())))?;
    let mut questions = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{} line {}", path.display(), at + 1);
        let question: Question = serde_json::from_str(line).map_err(|e| refused(format!("{place}: {e}; {WANTED}")))?;
        if !is_id(&question.id) {
            let problem = format!("{place}: `id` is neither a text nor a whole number below 2^64; {WANTED}");
            return Err(refused(problem));
        }
        questions.push(Question {
            line: at + 1,
            ..question
        });
    }
    if questions.is_empty() {
        return Err(refused(format!("{} holds no question; {WANTED}", path.display())));
    }
    Ok(Batch { file, questions })
}

fn is_id(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Number(number) => number.is_u64() || number.is_i64(),
        _ => false,
    }
}

impl Batch {
    /// Asks every question of every model, and prints each answer as it is there.
    pub(super) async fn ask(&self, models: &mut Models<'_>, options: &Options) -> Result<(), Failure> {
        // A pipe stands in no folder: pictures are looked up where the program runs.
        let base = self
            .file
            .parent()
            .filter(|_| self.file.is_file())
            .unwrap_or(Path::new(""));
        let bar = output::count_bar(self.questions.len(), "");
        let mut last: Option<(PathBuf, Result<Picture, Failure>)> = None;
        let mut left_out = 0;
        for (index, question) in self.questions.iter().enumerate() {
            bar.set_message(format!("id {}", question.id));
            let path = base.join(&question.image);
            if last.as_ref().is_none_or(|(seen, _)| *seen != path) {
                last = Some((path.clone(), read_picture(&path)));
            }
            let outcome = match &last {
                Some((_, Ok(picture))) => question.ask(models, options, picture, index, &bar).await?,
                Some((_, Err(failure))) => Err(failure.to_string()),
                None => Ok(()),
            };
            if let Err(why) = outcome {
                left_out += 1;
                let place = format!("{} line {} (id {})", self.file.display(), question.line, question.id);
                bar.suspend(|| output::note(&format!("sightline: {place}: {why}")));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        if left_out == 0 {
            return Ok(());
        }
        let (file, all) = (self.file.display(), self.questions.len());
        let rest = match all - left_out {
            0 => "none is answered",
            _ => "the others are answered",
        };
        let problem = format!("{file}: {left_out} of {all} questions could not be asked; {rest}");
        Err(Failure::new(UNREADABLE, problem))
    }
}

impl Question {
    /// Asks every model. The outer error ends the program, the inner one is about this question
    /// alone.
    async fn ask(
        &self,
        models: &mut Models<'_>,
        options: &Options,
        picture: &Picture,
        index: usize,
        bar: &indicatif::ProgressBar,
    ) -> Result<Result<(), String>, Failure> {
        let turn = Turn {
            picture,
            question: &self.question,
            options: *options,
            number: index,
        };
        let mut printer = Printer { id: &self.id, bar };
        match models.answer(&turn, &mut printer).await {
            Err(failure) if failure.code == INPUT => Ok(Err(failure.to_string())),
            Err(failure) => Err(failure),
            Ok(()) => Ok(Ok(())),
        }
    }
}

/// Prints answers as lines of the file.
struct Printer<'a> {
    id: &'a Value,
    bar: &'a indicatif::ProgressBar,
}

impl Listener<Failure> for Printer<'_> {
    async fn answered(&mut self, answer: sightline_answer::Answer) -> Result<(), Failure> {
        let line = Answer {
            id: self.id,
            model: &answer.model,
            answer: &answer.text,
            boxes: boxes(&answer.boxes),
            timings: &answer.timings,
        };
        let line = serde_json::to_string(&line).or_fail(RUNNING)?;
        self.bar.suspend(|| output::line(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<Batch, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("q.jsonl");
        std::fs::write(&path, bytes).expect("a file");
        read(&path).map_err(|failure| failure.to_string())
    }

    #[test]
    fn ids_are_texts_or_whole_numbers() {
        let line = |id: &str| format!("{{\"id\": {id}, \"image\": \"a.png\", \"question\": \"q\"}}\n");
        let good = ["\"a\"", "1", "-3", "18446744073709551615"];
        let text = "\u{feff}\n".to_owned() + &good.map(line).concat();
        let batch = read_bytes(text.as_bytes()).expect("questions");
        let ids: Vec<String> = batch.questions.iter().map(|question| question.id.to_string()).collect();
        assert_eq!(ids, good);
        assert_eq!(batch.questions[0].line, 2);
        for id in ["1.5", "true", "null", "[1]", "18446744073709551616"] {
            let error = read_bytes((line("1") + &line(id)).as_bytes()).err().expect(id);
            assert!(error.contains("q.jsonl line 2") && error.contains("`id`"), "{error}");
        }
        for nothing in ["", "\n \n", "\u{feff}"] {
            let error = read_bytes(nothing.as_bytes()).err().expect("refused");
            assert!(error.contains("no question"), "{error}");
        }
    }
}
