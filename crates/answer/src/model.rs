use serde::{Deserialize, Serialize};

/// Who answers: a model as people are told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Id in the manifest.
    pub id: String,
    /// Id of the encoder's kind. Kinds are rows of a table in `sightline-vision`, which this crate
    /// does not know: so it is text.
    pub encoder: String,
    /// SHA-256 of its weight file, lower-case hex; empty for a model without one.
    pub weights: String,
    /// The encoder on labels, for example `ViT`.
    pub title: String,
    /// The encoder with what mixes its tokens, for example `ViT (attention)`.
    pub name: String,
    /// How the encoder sees, in one sentence.
    pub about: String,
    /// Which of the page's colours stands for the encoder, from 0. Past the last colour the first
    /// follows.
    pub palette: u32,
    /// Kinds of question it was trained on.
    pub kinds: Vec<Kind>,
}

/// A kind of question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Stable id, for example `presence`.
    pub id: String,
    /// A question of this kind.
    pub example: String,
}
