//! What an answer is made of.

use serde::Serialize;

use crate::boxes::Region;

/// Who found a box.
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

/// A box that belongs to an answer.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerBox {
    /// Who found it.
    pub source: Source,
    /// What it shows, where that is known.
    pub label: Option<String>,
    /// Fractions of the padded square.
    pub region: Region,
    /// Corners `x1, y1, x2, y2` in px of the original picture, cut to it; absent if it lies in the padding.
    pub px: Option<[f32; 4]>,
    /// Probability, for the dense head.
    pub score: Option<f32>,
}

/// Where the time went, milliseconds. Zero for what came from a cache.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timings {
    /// Transform, encoder and connector.
    pub encode_ms: f64,
    /// Prompt prefix: beginning of sequence and visual tokens.
    pub prefix_ms: f64,
    /// The question's own tokens.
    pub prefill_ms: f64,
    /// From the question to the first token of the answer, without what [`Timings::encode_ms`] and `prefix_ms` count.
    pub first_token_ms: f64,
    /// All tokens of the answer.
    pub decode_ms: f64,
    /// Tokens of the answer.
    pub tokens: usize,
    /// Visual tokens.
    pub visual_tokens: usize,
    /// The dense head, where it was asked.
    pub dense_ms: f64,
}

/// What one model says.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Model id.
    pub model: String,
    /// The text, without the end marker.
    pub answer: String,
    /// Boxes, the language model's first.
    pub boxes: Vec<AnswerBox>,
    /// Why an answer that should be a box holds none.
    pub box_error: Option<String>,
    /// Kind of question, where it is one the model was trained on.
    pub question_type: Option<String>,
    /// True for a question of a kind that the model was not trained on.
    pub outside_training: bool,
    /// True if the answer was cut at the length limit.
    pub cut: bool,
    /// Where the time went.
    pub timings: Timings,
}
