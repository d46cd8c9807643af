//! Naming the main thing in held-out pictures: the 10 of Imagenette, the 200 of Tiny ImageNet, the 101 of Caltech-101.

use crate::benchmarks::row::{Exposure, Family, SHIPPED, Slim, Task};
use crate::sources::frozen::list;
use crate::sources::lists;

pub(crate) const IMAGENETTE: Task = Task {
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
    family: Family::Other,
    list: Some(list!("naming10", &["answer"])),
    packable: false,
    questions: lists::questions,
    slim: Slim::Answers,
};

pub(crate) const TINY_IMAGENET: Task = Task {
    id: "naming200",
    aliases: &["tiny-imagenet"],
    name: "Naming, Tiny ImageNet",
    count: 2_000,
    files: &["tiny_imagenet_val.parquet"],
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "these questions about 100,000 pictures of the training split",
    }],
    list: Some(list!("naming200", &["answer"])),
    ..IMAGENETTE
};

pub(crate) const CALTECH101: Task = Task {
    id: "naming101",
    aliases: &["caltech101"],
    name: "Naming, Caltech-101",
    count: 1_726,
    files: &["caltech101_val.parquet"],
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "these questions about 6,925 pictures of the training split",
    }],
    list: Some(list!("naming101", &["answer"])),
    ..IMAGENETTE
};
