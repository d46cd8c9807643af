//! Answers that were computed before the visit: `recorded.json`, which `cargo xtask record` writes
//! from the shipped models. They are shown before anything of a model is downloaded.

use serde::{Deserialize, Serialize};
use sightline_messages::{Answer, ModelInfo};

/// Where and how answers were computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// What computes them again.
    pub(crate) command: String,
    /// What computed them.
    pub(crate) device: String,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    made: Made,
    weights: Vec<Weights>,
    pictures: Vec<OfPicture>,
}

/// The weights that a model had. Answers of others are not shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Weights {
    model: String,
    sha256: String,
}

/// What was asked about one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OfPicture {
    /// Its id in the gallery.
    id: String,
    questions: Vec<Asked>,
}

/// A question with an answer per model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) question: String,
    /// The models were trained on no question of this kind.
    #[serde(default)]
    pub(crate) outside_training: bool,
    answers: Vec<Answer>,
}

impl Recorded {
    /// Whether these models have the weights that were recorded.
    pub(crate) fn is_of(&self, models: &[ModelInfo]) -> bool {
        let same = |model: &ModelInfo| {
            let mut rows = self.weights.iter();
            rows.any(|row| row.model == model.id && row.sha256 == model.weights)
        };
        !models.is_empty() && models.iter().all(same)
    }

    /// Where they were computed.
    pub(crate) fn made(&self) -> &Made {
        &self.made
    }

    /// What was asked, and an answer per model in the models' order; none where it was not asked
    /// about that picture, or not of all these models.
    pub(crate) fn find(&self, picture: &str, question: &str, models: &[ModelInfo]) -> Option<(&Asked, Vec<&Answer>)> {
        let questions = &self.pictures.iter().find(|of| of.id == picture)?.questions;
        let asked = questions.iter().find(|asked| asked.question == question)?;
        if !self.is_of(models) {
            return None;
        }
        let of = |model: &ModelInfo| asked.answers.iter().find(|answer| answer.model == model.id);
        Some((asked, models.iter().map(of).collect::<Option<_>>()?))
    }
}
