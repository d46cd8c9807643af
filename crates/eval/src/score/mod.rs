//! One file a scorer.

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
