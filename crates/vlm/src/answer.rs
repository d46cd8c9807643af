//! The parts of an answer.

use serde::Serialize;

use crate::boxes::Region;

/// The origin of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The language model wrote it.
    Llm,
    /// The dense head found it in the encoder's tokens.
    Dense,
}

impl Source {
    /// `llm` or `dense`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Dense => "dense",
        }
    }
}

/// A box of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerBox {
    /// Its origin.
    pub source: Source,
    /// The name of the object in it, if known.
    pub label: Option<String>,
    /// Fractions of the padded square.
    pub region: Region,
    /// Corners `x1, y1, x2, y2` in px of the original picture, clipped to the picture. Absent if
    /// the box lies in the padding.
    pub px: Option<[f32; 4]>,
    /// Probability, for the dense head.
    pub score: Option<f32>,
}

/// The times of an answer, in ms. A step that came from a cache has 0.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timings {
    /// Transform, encoder and connector.
    pub encode_ms: f64,
    /// Prompt prefix: beginning of sequence and visual tokens.
    pub prefix_ms: f64,
    /// The question's own tokens.
    pub prefill_ms: f64,
    /// From the question to the first token of the answer, without [`Timings::encode_ms`] and
    /// `prefix_ms`.
    pub first_token_ms: f64,
    /// All tokens of the answer.
    pub decode_ms: f64,
    /// Number of tokens in the answer.
    pub tokens: usize,
    /// Number of visual tokens.
    pub visual_tokens: usize,
    /// The dense head, if it was asked.
    pub dense_ms: f64,
}

/// The answer of one model.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Model id.
    pub model: String,
    /// The text without the end marker.
    pub answer: String,
    /// Boxes, the language model's first.
    pub boxes: Vec<AnswerBox>,
    /// The reason why an answer that should hold a box does not.
    pub box_error: Option<String>,
    /// The kind of question, if the model was trained on it.
    pub question_type: Option<String>,
    /// True if the model was not trained on this kind of question.
    pub outside_training: bool,
    /// True if the answer was cut at the length limit.
    pub cut: bool,
    /// Its times.
    pub timings: Timings,
}
