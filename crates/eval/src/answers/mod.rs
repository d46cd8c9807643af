//! Answers made elsewhere: one file a format, told apart by the fields of the first line.

pub mod fields;
pub mod lines;
mod llava;
mod lmms_eval;
pub(crate) mod numbers;
mod own;

use std::fmt;
use std::path::Path;

use fields::{Fields, InputError};

/// What a model said.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A written answer.
    Text(String),
    /// Probabilities of the choices, in the task's order.
    Probabilities(Vec<f64>),
}

impl Response {
    /// The written answer; empty for probabilities.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Probabilities(_) => "",
        }
    }

    /// The probabilities; none for a written answer.
    pub fn probabilities(&self) -> &[f64] {
        match self {
            Self::Text(_) => &[],
            Self::Probabilities(probabilities) => probabilities,
        }
    }
}

/// One answer of a file.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id within the file.
    pub id: String,
    /// The official id by which a gold file knows it, where the line holds one.
    pub gold_id: Option<String>,
    /// What the model said.
    pub response: Response,
    /// What it was asked, where the line holds it.
    pub prompt: Option<String>,
    /// Where gold is found if there is no gold file.
    pub fields: Fields,
}

/// Formats of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// LLaVA's answers.
    Llava,
    /// lmms-eval's samples.
    LmmsEval,
    /// Lines that hold their gold.
    Own,
}

impl Format {
    fn of(line: &Fields) -> Option<Self> {
        match line {
            line if own::is(line) => Some(Self::Own),
            line if lmms_eval::is(line) => Some(Self::LmmsEval),
            line if llava::is(line) => Some(Self::Llava),
            _ => None,
        }
    }

    fn answer(self, line: Fields) -> Result<Answer, InputError> {
        match self {
            Self::Llava => llava::answer(line),
            Self::LmmsEval => lmms_eval::answer(line),
            Self::Own => own::answer(line),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Llava => "LLaVA's answers",
            Self::LmmsEval => "lmms-eval's samples",
            Self::Own => "self-contained lines",
        })
    }
}

/// Reads a file of answers. All its lines have the format of the first.
///
/// # Errors
/// A file that cannot be read, or of no format that is known.
pub fn read(path: &Path) -> Result<(Format, Vec<Answer>), InputError> {
    let lines = lines::read(path)?;
    let format = Format::of(&lines[0]).ok_or_else(|| {
        let wanted = "`id` with `prediction` or `probabilities`, LLaVA's `question_id` with `text`, or lmms-eval's `doc_id` with \
                      `filtered_resps`";
        InputError::new(&lines[0].place, format!("no format that is known; wanted are {wanted}"))
    })?;
    let answers: Vec<Answer> = lines
        .into_iter()
        .map(|line| format.answer(line))
        .collect::<Result<_, _>>()?;
    let is_text = |answer: &Answer| matches!(answer.response, Response::Text(_));
    let first = is_text(&answers[0]);
    if let Some(other) = answers.iter().find(|answer| is_text(answer) != first) {
        let problem = "written answers and probabilities in one file; score them apart";
        return Err(InputError::new(&other.fields.place, problem));
    }
    Ok((format, answers))
}
