//! Things of Visual Genome whose name stands once among the boxes of their picture, and that are
//! not too small to be asked for.

use std::collections::HashMap;

use serde_json::json;

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task};
use crate::sources::item::id;
use crate::sources::photographs::{self, Asked};

/// The least share of the picture that a thing covers, as in our grounding on COCO.
const SMALLEST: f64 = 0.03;

pub(crate) const TASK: Task = Task {
    id: "vg500-grounding",
    aliases: &[],
    name: "Grounding, Visual Genome photographs",
    split: "98 pictures held out",
    count: 709,
    metric: "accuracy at IoU 0.5",
    files: &["photos_vg_test.parquet"],
    also: &[],
    scored_as: "boxes",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "nothing of it",
    }],
    family: Family::Partial,
    list: None,
    packable: false,
    questions,
    slim: Slim::None,
};

fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let columns = ["image_id", "width", "height", "objects"];
    photographs::questions(folder, TASK.files[0], &columns, |picture| {
        let key = id(picture, "image_id")?;
        let size = [picture.size("width")?, picture.size("height")?];
        let asked = |(name, edges): (String, [f64; 4])| {
            Some(Asked {
                id: format!("{key}/{name}"),
                image_key: format!("vg/{key}"),
                prompt: format!("Where is the {name}?"),
                gold: json!({ "box": inside(edges, size)?, "width": size[0], "height": size[1] }),
            })
        };
        Ok(once(picture)?.into_iter().filter_map(asked).collect())
    })
}

/// Things whose name no other thing of the picture has, with their boxes x, y, width, height (px),
/// in the order of the file.
fn once(picture: &Fields) -> Result<Vec<(String, [f64; 4])>, InputError> {
    let mut things = Vec::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for thing in picture.records("objects", "the list of named boxes")? {
        let name = thing.text("name")?.trim().to_lowercase();
        let bounds = thing.maybe_array("bbox")?;
        *counts.entry(name.clone()).or_default() += 1;
        things.push((name, bounds.ok_or_else(|| thing.error("bbox", "missing"))?));
    }
    // A plural beside its singular is about the same things.
    let beside = |name: &str| {
        let singular = name
            .strip_suffix('s')
            .is_some_and(|singular| counts.contains_key(singular));
        singular || counts.contains_key(&format!("{name}s"))
    };
    things.retain(|(name, _)| !name.is_empty() && counts[name] == 1 && !beside(name));
    Ok(things)
}

/// Edges of a box within its picture; none where too little of it is left.
fn inside([x, y, width, height]: [f64; 4], size: [f64; 2]) -> Option<[f64; 4]> {
    let edges = [
        x.clamp(0.0, size[0]),
        y.clamp(0.0, size[1]),
        (x + width).clamp(0.0, size[0]),
        (y + height).clamp(0.0, size[1]),
    ];
    let area = (edges[2] - edges[0]) * (edges[3] - edges[1]);
    (area >= SMALLEST * size[0] * size[1]).then_some(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_boxes_and_what_is_outside_are_left_out() {
        let size = [100.0, 50.0];
        assert_eq!(inside([90.0, 10.0, 30.0, 20.0], size), Some([90.0, 10.0, 100.0, 30.0]));
        assert_eq!(inside([99.0, 10.0, 30.0, 20.0], size), None);
        assert_eq!(inside([0.0, 0.0, 10.0, 10.0], size), None);
    }
}
