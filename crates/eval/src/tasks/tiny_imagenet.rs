//! Naming one of the 200 things of Tiny ImageNet's held-out pictures.

use super::lists::{List, list};
use super::select::Slim;
use super::{Exposure, SHIPPED, Source, Task};

pub(super) const TASK: Task = Task {
    id: "naming200",
    aliases: &["tiny-imagenet"],
    name: "Naming, Tiny ImageNet",
    split: "val",
    count: 2_000,
    metric: "exact match",
    files: &["tiny_imagenet_val.parquet"],
    also: &[],
    scored_as: "exact",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "these questions about 100,000 pictures of the training split",
    }],
    source: Source::List(list!("naming200"), &["answer"]),
    slim: Slim::Answers,
};
