//! What came of a run, for programs.

use serde::Serialize;
use serde_json::Value;

use crate::plan::{Done, Unanswered};

/// A finished run as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    task: String,
    /// Who answered: a model, or a control.
    who: String,
    folder: String,
    answers: usize,
    /// Number of answers that were there before this call.
    resumed: usize,
    unanswered: Unanswered,
    /// How the questions were drawn from all; none where all were asked, or the next ones.
    drawn: Option<String>,
    /// As in `results.json`; none for a shard.
    totals: Option<Value>,
}

impl Summary {
    /// Of a run of `who`.
    pub fn of(who: &str, done: &Done) -> Self {
        let Done {
            folder,
            loaded,
            finished,
        } = done;
        Self {
            task: loaded.id.clone(),
            who: who.to_owned(),
            folder: folder.display().to_string(),
            answers: finished.count,
            resumed: finished.resumed,
            unanswered: done.unanswered(),
            drawn: loaded.order.clone().filter(|_| loaded.limit.is_some()),
            totals: finished.report.as_ref().map(|report| report.totals.clone()),
        }
    }
}
