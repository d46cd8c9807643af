//! Naming one of the ten things of Imagenette's held-out pictures.

use super::lists::{List, list};
use super::select::Slim;
use super::{Exposure, SHIPPED, Source, Task};

pub(super) const TASK: Task = Task {
    id: "naming10",
    aliases: &["imagenette"],
    name: "Naming, Imagenette",
    split: "val",
    count: 1_000,
    metric: "exact match",
    files: &["imagenette_val.parquet"],
    also: &[],
    scored_as: "exact",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "these questions about 5,000 pictures of the training split",
    }],
    source: Source::List(list!("naming10"), &["answer"]),
    slim: Slim::Answers,
};
