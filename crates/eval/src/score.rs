//! What a rule says about an answer.

use serde::Serialize;

/// What a scorer says about one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// 0 to 1, unrounded, by the rules of the paper's evaluation code; of captions 0 to 10.
    pub score: f64,
    /// The same by the benchmark's own official code, where that is another one.
    pub official: Option<f64>,
    /// Whether the answer had the form that the benchmark wants, where it wants one.
    pub valid: Option<bool>,
    /// Intersection over union with the gold box, in the frame that the official code scores in.
    pub iou: Option<f64>,
}

impl Score {
    /// The score as a JSON line.
    pub fn line(&self, id: &str) -> String {
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
        let line = Line {
            id,
            score: self.score,
            score_official: self.official,
            valid: self.valid.unwrap_or(true),
            iou: self.iou,
        };
        serde_json::to_string(&line).expect("texts and numbers become JSON") + "\n"
    }

    /// A score, or that of an item at which the official code stops: invalid, 0.
    pub fn or_invalid(score: Option<f64>) -> Self {
        match score {
            Some(score) => Self {
                score,
                ..Self::default()
            },
            None => Self {
                valid: Some(false),
                ..Self::default()
            },
        }
    }
}
