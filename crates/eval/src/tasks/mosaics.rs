//! Presence, relations, counting and grounding on mosaics of held-out Tiny ImageNet pictures.

use super::lists::{List, list};
use super::select::Slim;
use super::{Exposure, SHIPPED, Source, Task};

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
        source: Source::List(list, &["answer"]),
        slim: Slim::Answers,
    }
}

pub(super) const PRESENCE: Task = task(
    "presence-mosaic",
    "Presence, mosaics",
    1_200,
    list!("presence-mosaic", mosaics),
);

pub(super) const RELATION: Task = task(
    "relation-mosaic",
    "Left, right, above, below, mosaics",
    348,
    list!("relation-mosaic", mosaics),
);

pub(super) const COUNT: Task = task("count-mosaic", "Counting, mosaics", 600, list!("count-mosaic", mosaics));

pub(super) const GROUND: Task = Task {
    metric: "accuracy at IoU 0.5",
    scored_as: "boxes",
    source: Source::List(list!("ground-mosaic", mosaics), &["box", "width", "height"]),
    ..task(
        "ground-mosaic",
        "Grounding, mosaics",
        493,
        list!("ground-mosaic", mosaics),
    )
};
