//! Presence, relations, counting and grounding on mosaics of held-out Tiny ImageNet pictures.

use crate::benchmarks::row::{Exposure, Family, SHIPPED, Slim, Task};
use crate::sources::frozen::{List, list};
use crate::sources::lists;

/// What the four have in common.
const fn task(id: &'static str, name: &'static str, count: usize, list: List) -> Task {
    Task {
        id,
        aliases: &[],
        name,
        split: "val, 600 mosaics",
        count,
        metric: "exact match",
        files: &["tiny_imagenet_val.parquet"],
        also: &[],
        scored_as: "exact",
        choices: &[],
        version: 1,
        exposure: &[Exposure {
            models: SHIPPED,
            seen: "these questions about mosaics of the training split",
        }],
        family: Family::Other,
        list: Some(list),
        packable: false,
        questions: lists::questions,
        slim: Slim::Answers,
    }
}

pub(crate) const PRESENCE: Task = task(
    "presence-mosaic",
    "Presence, mosaics",
    1_200,
    list!("presence-mosaic", &["answer"], mosaics),
);

pub(crate) const RELATION: Task = task(
    "relation-mosaic",
    "Left, right, above, below, mosaics",
    348,
    list!("relation-mosaic", &["answer"], mosaics),
);

pub(crate) const COUNT: Task = task(
    "count-mosaic",
    "Counting, mosaics",
    600,
    list!("count-mosaic", &["answer"], mosaics),
);

pub(crate) const GROUND: Task = Task {
    metric: "accuracy at IoU 0.5",
    scored_as: "boxes",
    ..task(
        "ground-mosaic",
        "Grounding, mosaics",
        493,
        list!("ground-mosaic", &["box", "width", "height"], mosaics),
    )
};
