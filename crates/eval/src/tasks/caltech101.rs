//! Naming one of the 101 things of Caltech-101's held-out pictures.

use super::lists::{List, list};
use super::select::Slim;
use super::{Exposure, SHIPPED, Source, Task};

pub(super) const TASK: Task = Task {
    id: "naming101",
    aliases: &["caltech101"],
    name: "Naming, Caltech-101",
    split: "val",
    count: 1_726,
    metric: "exact match",
    files: &["caltech101_val.parquet"],
    also: &[],
    scored_as: "exact",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "these questions about 6,925 pictures of the training split",
    }],
    source: Source::List(list!("naming101"), &["answer"]),
    slim: Slim::Answers,
};
