//! What a rule says about an answer.

/// What a scorer says about one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// 0 to 1, unrounded, by the rules of the paper's evaluation code.
    pub score: f64,
    /// The same by the benchmark's own official code, where that is another one.
    pub official: Option<f64>,
    /// Whether the answer had the form that the benchmark wants, where it wants one.
    pub valid: Option<bool>,
    /// Intersection over union with the gold box, in the frame that the official code scores in.
    pub iou: Option<f64>,
}

impl Score {
    /// A score, or that of an item at which the official code stops: invalid, 0.
    pub(crate) fn or_invalid(score: Option<f64>) -> Self {
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
