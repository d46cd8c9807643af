//! What the visitor has found true, and how the models did by it: plain data.

use serde::{Deserialize, Serialize};

/// What the visitor has said to be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Truth {
    /// Left, top, right, bottom in px of the upright picture.
    Box([f32; 4]),
    /// The right answer.
    Text(String),
}

/// How one model did in one turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Id of the model.
    pub(crate) model: String,
    /// With the true box; none for other truths.
    pub(crate) iou: Option<f32>,
    /// Whether it was right.
    pub(crate) right: bool,
}

/// One turn that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Judged {
    /// Number of the turn.
    turn: u32,
    truth: Truth,
    /// One per model that had answered.
    found: Vec<Found>,
}

/// All that was judged in this visit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judging {
    /// The true box is being drawn.
    pub(crate) drawing: bool,
    judged: Vec<Judged>,
}

impl Judging {
    fn of(&self, turn: u32) -> Option<&Judged> {
        self.judged.iter().find(|judged| judged.turn == turn)
    }

    /// The true box of a turn.
    pub(crate) fn true_box(&self, turn: u32) -> Option<[f32; 4]> {
        match self.of(turn)?.truth {
            Truth::Box(px) => Some(px),
            Truth::Text(_) => None,
        }
    }

    /// How a model did in a turn.
    pub(crate) fn found(&self, turn: u32, model: &str) -> Option<&Found> {
        self.of(turn)?.found.iter().find(|found| found.model == model)
    }

    /// Notes how the models did. A turn that is judged again counts once.
    pub(crate) fn note(&mut self, turn: u32, truth: Truth, found: Vec<Found>) {
        self.judged.retain(|judged| judged.turn != turn);
        self.judged.push(Judged { turn, truth, found });
    }

    /// How a model did in every turn that was judged.
    pub(crate) fn every<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Found> {
        let every = self.judged.iter().flat_map(|judged| &judged.found);
        every.filter(move |found| found.model == model)
    }
}
