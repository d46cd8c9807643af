//! Answers as programs read them, one JSON object per line.

use crate::answer::{Answer, AnswerBox, Source, Timings};
use crate::region::Region;
use serde::Serialize;

/// An answer to a question that was asked alone.
#[derive(Debug, Serialize)]
pub struct AnswerLine<'a> {
    model: &'a str,
    answer: &'a str,
    boxes: Vec<BoxPart<'a>>,
    box_error: Option<&'a str>,
    question_type: Option<&'a str>,
    outside_training: bool,
    cut: bool,
    timings: &'a Timings,
}

/// An answer to one of many questions, which an id tells apart.
#[derive(Debug, Serialize)]
pub struct BatchLine<'a, I> {
    id: I,
    model: &'a str,
    answer: &'a str,
    boxes: Vec<BoxPart<'a>>,
    timings: &'a Timings,
}

/// A box of an answer.
#[derive(Debug, Serialize)]
struct BoxPart<'a> {
    source: Source,
    label: Option<&'a str>,
    /// Fractions of the padded square.
    region: Option<Region>,
    px: Option<[f32; 4]>,
    score: Option<f32>,
}

impl<'a> AnswerLine<'a> {
    /// The line of an answer.
    pub fn of(answer: &'a Answer) -> Self {
        Self {
            model: &answer.model,
            answer: &answer.text,
            boxes: boxes(&answer.boxes),
            box_error: answer.box_error.as_deref(),
            question_type: answer.question_type.as_deref(),
            outside_training: answer.outside_training,
            cut: answer.cut,
            timings: &answer.timings,
        }
    }
}

impl<'a, I> BatchLine<'a, I> {
    /// The line of the answer to the question with this id.
    pub fn of(id: I, answer: &'a Answer) -> Self {
        Self {
            id,
            model: &answer.model,
            answer: &answer.text,
            boxes: boxes(&answer.boxes),
            timings: &answer.timings,
        }
    }
}

/// The boxes of an answer.
fn boxes(boxes: &[AnswerBox]) -> Vec<BoxPart<'_>> {
    boxes.iter().map(BoxPart::of).collect()
}

impl<'a> BoxPart<'a> {
    fn of(found: &'a AnswerBox) -> Self {
        Self {
            source: found.source,
            label: found.label.as_deref(),
            region: found.region,
            px: found.px,
            score: found.score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs read these lines: their fields and their order stay.
    #[test]
    fn a_line_has_these_fields_in_this_order() {
        let answer = Answer {
            model: "m".into(),
            text: "[0.25, 0.50, 0.50, 1.00]".into(),
            boxes: vec![AnswerBox {
                source: Source::Llm,
                label: Some("cat".into()),
                region: Region::parse("[0.25, 0.50, 0.50, 1.00]").ok(),
                px: None,
                score: None,
            }],
            question_type: Some("ground".into()),
            ..Answer::default()
        };
        let json = concat!(
            r#"{"model":"m","answer":"[0.25, 0.50, 0.50, 1.00]","boxes":[{"source":"llm","label":"cat","#,
            r#""region":{"x1":0.25,"y1":0.5,"x2":0.5,"y2":1.0},"px":null,"score":null}],"box_error":null,"#,
            r#""question_type":"ground","outside_training":false,"cut":false,"timings":{"encode_ms":0.0,"#,
            r#""prefix_ms":0.0,"prefill_ms":0.0,"first_token_ms":0.0,"decode_ms":0.0,"tokens":0,"#,
            r#""visual_tokens":0,"dense_ms":0.0}}"#
        );
        assert_eq!(serde_json::to_string(&AnswerLine::of(&answer)).expect("a line"), json);
    }
}
