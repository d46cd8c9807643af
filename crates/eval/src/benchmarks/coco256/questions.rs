//! Presence, counting and grounding on the 128 pictures of COCO's val2017 that are at hand.

use crate::benchmarks::row::{Exposure, Family, SHIPPED, Slim, Task};
use crate::sources::coco256::{FILE, SEEN};
use crate::sources::frozen::list;
use crate::sources::lists;

/// What the three have in common.
const fn task(id: &'static str, name: &'static str, count: usize) -> Task {
    Task {
        id,
        aliases: &[],
        name,
        split: "val2017, 128 pictures",
        count,
        metric: "exact match",
        files: &[FILE],
        also: &[],
        scored_as: "exact",
        choices: &[],
        version: 1,
        exposure: SEEN,
        family: Family::Other,
        list: Some(list!("presence-coco", &["answer"])),
        packable: false,
        questions: lists::questions,
        slim: Slim::Answers,
    }
}

pub(crate) const PRESENCE: Task = task("presence-coco", "Presence, COCO", 484);

pub(crate) const COUNT: Task = Task {
    list: Some(list!("count-coco", &["answer"])),
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "no counting on COCO; presence and grounding on 128 pictures of train2017",
    }],
    ..task("count-coco", "Counting, COCO", 60)
};

pub(crate) const GROUND: Task = Task {
    metric: "accuracy at IoU 0.5",
    scored_as: "boxes",
    list: Some(list!("ground-coco", &["box", "width", "height"])),
    ..task("ground-coco", "Grounding, COCO", 89)
};
