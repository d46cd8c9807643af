//! A file of pictures and questions, one JSON object per line.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use sightline_checkpoint::file;
use thiserror::Error;

/// Largest file of questions that is read, bytes.
const MAX_FILE: u64 = 256 << 20;

/// What a line looks like.
const WANTED: &str = r#"a line is {"id": "1", "image": "dog.jpg", "question": "..."}"#;

/// Questions of a file, at least one.
#[derive(Clone, Debug)]
pub struct QuestionFile {
    /// The file.
    pub file: PathBuf,
    /// Its questions, in its order.
    pub questions: Vec<FileQuestion>,
}

/// A line of the file.
#[derive(Clone, Debug, Deserialize)]
pub struct FileQuestion {
    /// A text or a whole number.
    pub id: Value,
    /// The picture, as the file names it.
    pub image: PathBuf,
    /// The question.
    pub question: String,
    /// Number of the line, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Why a file of questions cannot be used, in one sentence.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct QuestionFileError(String);

impl QuestionFile {
    /// Reads and checks the whole file, so that a wrong line is known before the first answer.
    ///
    /// # Errors
    /// A file that cannot be read or holds no question, and a line of another form.
    pub fn read(path: &Path) -> Result<Self, QuestionFileError> {
        let shown = path.display();
        let refused = QuestionFileError;
        let text = file::read_text(path, MAX_FILE).map_err(|e| refused(format!("cannot read {shown}: {e}")))?;
        let mut questions = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("{shown} line {}", at + 1);
            let question: FileQuestion =
                serde_json::from_str(line).map_err(|e| refused(format!("{place}: {e}; {WANTED}")))?;
            if !is_id(&question.id) {
                let problem = format!("{place}: `id` is neither a text nor a whole number below 2^64; {WANTED}");
                return Err(refused(problem));
            }
            questions.push(FileQuestion {
                line: at + 1,
                ..question
            });
        }
        if questions.is_empty() {
            return Err(refused(format!("{shown} holds no question; {WANTED}")));
        }
        Ok(Self {
            file: path.to_owned(),
            questions,
        })
    }

    /// The path of a question's picture, which is looked up beside the file. A pipe stands in no
    /// folder: its pictures are looked up where the program runs.
    pub fn picture(&self, question: &FileQuestion) -> PathBuf {
        let folder = self.file.parent().filter(|_| self.file.is_file());
        folder.unwrap_or(Path::new("")).join(&question.image)
    }
}

fn is_id(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Number(number) => number.is_u64() || number.is_i64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<QuestionFile, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("q.jsonl");
        std::fs::write(&path, bytes).expect("a file");
        QuestionFile::read(&path).map_err(|error| error.to_string())
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
            let error = read_bytes((line("1") + &line(id)).as_bytes()).expect_err(id);
            assert!(error.contains("q.jsonl line 2") && error.contains("`id`"), "{error}");
        }
        for nothing in ["", "\n \n", "\u{feff}"] {
            let error = read_bytes(nothing.as_bytes()).expect_err("refused");
            assert!(error.contains("no question"), "{error}");
        }
    }
}
