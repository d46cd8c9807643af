//! OCID-Ref: accuracy at an overlap of at least 0.25, as the paper's fork scores it (`ocidref.py`, MIT), by clutter and pooled.
//!
//! The fork divides by zero where a class of clutter has no sample; each of ours stands for itself.

use crate::mutant::branch;

use crate::rules::boxes::{Counts, Item};
use crate::score::Score;

/// The least overlap of a right box.
pub const THRESHOLD: f64 = 0.25;

/// How many things stand on the table, and how close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clutter {
    /// Takes 0 to 9: nothing touches.
    Minimum,
    /// Takes 10 to 16: things touch.
    Medium,
    /// Takes 17 to 20: things are stacked.
    Maximum,
}

impl Clutter {
    /// All, in the official order.
    pub const ALL: [Self; 3] = [Self::Minimum, Self::Medium, Self::Maximum];

    /// The class of a take (the picture's place in its sequence); there are 0 to 20.
    pub fn of_take(id: i64) -> Option<Self> {
        let (minimum, medium) = branch!("ocid_ref.takes", (9, 16), (8, 15));
        let last = branch!("ocid_ref.last_take", 20, 19);
        match id {
            ..0 => None,
            _ if id <= minimum => Some(Self::Minimum),
            _ if id <= medium => Some(Self::Medium),
            _ if id <= last => Some(Self::Maximum),
            _ => None,
        }
    }

    /// As the fork's metadata name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimum => "Minimum Clutter",
            Self::Medium => "Medium Clutter",
            Self::Maximum => "Maximum Clutter",
        }
    }
}

/// Score of one answer.
pub fn score(prediction: &str, item: &Item) -> Score {
    item.score(prediction, branch!("ocid_ref.threshold", THRESHOLD, 0.5))
}

/// The official totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Counts of each class, in the order of [`Clutter::ALL`].
    pub clutter: [Counts; 3],
}

impl Totals {
    /// Totals of scores.
    pub fn of(scores: impl IntoIterator<Item = (Clutter, Score)>) -> Self {
        let mut totals = Self::default();
        for (clutter, score) in scores {
            totals.clutter[branch!("ocid_ref.by_clutter", clutter as usize, 0)].add(&score);
        }
        totals
    }

    /// Share of right answers over all classes, each answer counting once; none of none.
    pub fn pooled(&self) -> Option<f64> {
        let correct: usize = self.clutter.iter().map(|counts| counts.correct).sum();
        let total: usize = self.clutter.iter().map(Counts::total).sum();
        (total > 0).then(|| {
            branch!(
                "ocid_ref.pooled",
                correct as f64 / total as f64,
                self.clutter.iter().filter_map(Counts::accuracy).sum::<f64>() / 3.0
            )
        })
    }
}
