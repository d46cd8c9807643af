//! What goes into a run and what comes of a question.

use sightline_eval::scorer::{Outcome, Reason, Record};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id; no other item has it.
    pub id: String,
    /// SHA-256 of the picture's file, where the task fixes it.
    pub image_sha256: Option<String>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// SHA-256 of the picture's file; none where there is no file.
    pub image: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// Smallest distance between the best and the second logit of a step, where it was taken.
    pub margin: Option<f32>,
}

/// What answers questions: the model, or a stand-in.
#[expect(async_fn_in_trait, reason = "a run stays on the thread that it began on")]
pub trait Answerer {
    /// Answers a batch, whose first item has the place `first` in the task: one answer an item, in
    /// their order, the same whenever it is asked. A picture that cannot be read is an outcome; an
    /// error ends the run.
    ///
    /// # Errors
    /// A model or a device that fails. What was answered before stays.
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason>;

    /// May bring batches (by number) into an order that suits it, such as equal shapes together.
    fn order(&mut self, _batches: &mut [usize]) {}
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<'a> {
    /// Samples that are on the disk.
    pub done: usize,
    /// Samples of this process's part.
    pub of: usize,
    /// The samples that were added last; all that were there, at the first call.
    pub new: &'a [Record],
}

/// A file that lies beside the answers of a run, such as what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its name within the folder.
    pub name: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}
