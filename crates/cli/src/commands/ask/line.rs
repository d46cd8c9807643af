//! Answers as `--json` and `--batch` print them, one a line.

use serde::Serialize;
use sightline_answer::{Answer, AnswerBox, Region, Source, Timings};

/// An answer.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    model: &'a str,
    answer: &'a str,
    boxes: Vec<BoxPart<'a>>,
    box_error: Option<&'a str>,
    question_type: Option<&'a str>,
    outside_training: bool,
    cut: bool,
    timings: &'a Timings,
}

/// A box of an answer.
#[derive(Serialize)]
pub(super) struct BoxPart<'a> {
    source: Source,
    label: Option<&'a str>,
    /// Fractions of the padded square.
    region: Option<Region>,
    px: Option<[f32; 4]>,
    score: Option<f32>,
}

impl<'a> Line<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
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

/// The boxes of an answer.
pub(super) fn boxes(boxes: &[AnswerBox]) -> Vec<BoxPart<'_>> {
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
        assert_eq!(serde_json::to_string(&Line::of(&answer)).expect("a line"), json);
    }
}
