//! What programs may want to know of a task.

use serde::Serialize;

use super::row::{Exposure, Task};
use crate::sources::data::DataPath;

/// A task as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct TaskFacts {
    id: &'static str,
    aliases: &'static [&'static str],
    name: &'static str,
    split: &'static str,
    questions: usize,
    metric: &'static str,
    scored_as: &'static str,
    choices: &'static [&'static str],
    version: String,
    subsets: Vec<&'static str>,
    aggregated: bool,
    files: &'static [&'static str],
    files_of_the_paper: &'static [&'static str],
    /// Files that are not there; none where no data folder is named.
    missing: Option<Vec<&'static str>>,
    seen: &'static [Exposure],
}

impl Task {
    /// All about it. `data` is the folder with the benchmarks' files, if the facts are to say which
    /// are missing.
    pub fn facts(&self, data: Option<&DataPath>) -> TaskFacts {
        TaskFacts {
            id: self.id,
            aliases: self.aliases,
            name: self.name,
            split: self.split,
            questions: self.count,
            metric: self.metric,
            scored_as: self.scored_as,
            choices: self.choices,
            version: self.full_version(),
            subsets: self.subsets().iter().map(|subset| subset.suffix()).collect(),
            aggregated: self.member().is_some(),
            files: self.files,
            files_of_the_paper: self.also,
            missing: data.map(|data| self.missing(data.clone())),
            seen: self.exposure,
        }
    }
}
