//! The parts of an answer.

use serde::{Deserialize, Serialize};

use crate::region::Region;

/// The answer of one model.
///
/// Its serialised form is that of the page's messages. Fields that they leave out say so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Model id.
    pub model: String,
    /// The text without the end marker.
    pub text: String,
    /// Boxes, the language model's first.
    pub boxes: Vec<AnswerBox>,
    /// The reason why an answer that should hold a box does not.
    pub box_error: Option<String>,
    /// The kind of question, if the model was trained on it. Not part of a message.
    #[serde(skip)]
    pub question_type: Option<String>,
    /// True if the model was not trained on this kind of question. Not part of a message: the page
    /// learns it before the first answer.
    #[serde(skip)]
    pub outside_training: bool,
    /// True if the answer was cut at the length limit.
    pub cut: bool,
    /// True if the caller stopped it.
    pub stopped: bool,
    /// Its times.
    pub timings: Timings,
}

/// A box of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerBox {
    /// Its origin.
    pub source: Source,
    /// The name of the object in it, if known.
    pub label: Option<String>,
    /// Fractions of the padded square. Not part of a message, and absent from a box that came as
    /// one: the page draws px.
    #[serde(skip)]
    pub region: Option<Region>,
    /// Corners `x1, y1, x2, y2` in px of the original picture, clipped to the picture. Absent if
    /// the box lies in the padding.
    pub px: Option<[f32; 4]>,
    /// Probability, for the dense head.
    pub score: Option<f32>,
}

/// The origin of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The times of an answer, in ms. A step that came from a cache has 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Transform, encoder and connector.
    pub encode_ms: f64,
    /// Prompt prefix: beginning of sequence and visual tokens.
    pub prefix_ms: f64,
    /// The question's own tokens.
    pub prefill_ms: f64,
    /// From the question to the first token of the answer. [`Timings::from_picture`] says whether
    /// `encode_ms` and `prefix_ms` are part of it.
    pub first_token_ms: f64,
    /// From the first token to the end of the answer.
    pub decode_ms: f64,
    /// Number of tokens in the answer.
    pub tokens: u32,
    /// Number of visual tokens.
    pub visual_tokens: u32,
    /// The dense head, if it was asked.
    pub dense_ms: f64,
}

impl Timings {
    /// The same times as a visitor lives through them. `first_token_ms` then begins with the look
    /// at the picture. Without this call it begins when the look is over.
    pub fn from_picture(self) -> Self {
        Self {
            first_token_ms: self.encode_ms + self.prefix_ms + self.first_token_ms,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page may be older or newer than its engine: a message has exactly these fields.
    #[test]
    fn a_message_has_these_fields_and_no_others() {
        let answer = Answer {
            model: "m".into(),
            text: "[0.10, 0.20, 0.50, 0.60]".into(),
            boxes: vec![AnswerBox {
                source: Source::Llm,
                label: Some("cat".into()),
                region: Region::parse("[0.10, 0.20, 0.50, 0.60]").ok(),
                px: Some([10.0, 20.0, 50.0, 60.0]),
                score: None,
            }],
            question_type: Some("ground".into()),
            timings: Timings {
                encode_ms: 1.5,
                tokens: 20,
                ..Timings::default()
            },
            ..Answer::default()
        };
        let json = concat!(
            r#"{"model":"m","text":"[0.10, 0.20, 0.50, 0.60]","boxes":[{"source":"llm","label":"cat","#,
            r#""px":[10.0,20.0,50.0,60.0],"score":null}],"box_error":null,"cut":false,"stopped":false,"#,
            r#""timings":{"encode_ms":1.5,"prefix_ms":0.0,"prefill_ms":0.0,"first_token_ms":0.0,"decode_ms":0.0,"#,
            r#""tokens":20,"visual_tokens":0,"dense_ms":0.0}}"#
        );
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        let read: Answer = serde_json::from_str(json).unwrap();
        assert_eq!(read.boxes[0].region, None);
        assert_eq!((read.text, read.timings), (answer.text, answer.timings));
    }

    #[test]
    fn sources_have_one_name() {
        for source in [Source::Llm, Source::Dense] {
            assert_eq!(
                serde_json::to_string(&source).unwrap(),
                format!("\"{}\"", source.as_str())
            );
        }
    }

    #[test]
    fn the_look_at_the_picture_counts_once() {
        let timings = Timings {
            encode_ms: 20.0,
            prefix_ms: 30.0,
            first_token_ms: 5.0,
            ..Timings::default()
        };
        let lived = timings.from_picture();
        assert_eq!(lived.first_token_ms, 55.0);
        assert_eq!((lived.encode_ms, lived.prefix_ms), (20.0, 30.0));
    }
}
