//! Answers that were computed before the visit: `recorded.json`, which `cargo xtask record` writes
//! from the shipped models. They are shown before anything of a model is downloaded.

use serde::{Deserialize, Serialize};
use sightline_messages::{Answer, ModelInfo};

use crate::state::{Pane, Phase, Turn};

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
struct Asked {
    question: String,
    #[serde(default)]
    outside_training: bool,
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

    /// The question and its answers as a turn, if it was asked about that picture.
    pub(crate) fn find(&self, picture: &str, question: &str, models: &[ModelInfo]) -> Option<Turn> {
        let questions = &self.pictures.iter().find(|of| of.id == picture)?.questions;
        let asked = questions.iter().find(|asked| asked.question == question)?;
        let of = |model: &ModelInfo| asked.answers.iter().find(|answer| answer.model == model.id);
        if !self.is_of(models) || !models.iter().all(|model| of(model).is_some()) {
            return None;
        }
        let panes = models.iter().map(|model| Pane {
            model: model.id.clone(),
            phase: Phase::Recorded,
            text: of(model).map(|answer| answer.text.clone()).unwrap_or_default(),
            answer: of(model).cloned(),
            ..Pane::default()
        });
        Some(Turn {
            question: asked.question.clone(),
            outside: asked.outside_training,
            made: Some(self.made.clone()),
            panes: panes.collect(),
            ..Turn::default()
        })
    }
}
