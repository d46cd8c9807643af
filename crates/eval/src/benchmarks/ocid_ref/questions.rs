//! OCID-Ref: expressions for things in cluttered scenes, by how cluttered they are.

use serde_json::json;

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::item::{Picture, Raw};
use crate::sources::official;
use crate::sources::prompts;

/// Width and height of every picture, px.
const SIZE: [f64; 2] = [640.0, 480.0];

pub(crate) const TASK: Task = Task {
    id: "ocid-ref",
    aliases: &["ocidref"],
    name: "OCID-Ref",
    split: "val",
    count: 18_342,
    metric: "accuracy at IoU 0.25",
    files: &["ocid-ref/val_expressions.json", "ocid-ref/OCID-dataset/"],
    also: &[
        "download/ocid-ref/val_expressions.json",
        "download/ocid-ref/OCID-dataset/",
    ],
    scored_as: "ocid-ref",
    choices: &[],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "nothing of it",
        },
        Exposure {
            models: SHIPPED,
            seen: "nothing of it",
        },
    ],
    family: Family::Paper,
    list: None,
    packable: true,
    questions: |folder| official::questions(folder, read, prompts::locate),
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: Some("clutter"),
    },
};

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    files::read(&folder.wanted(0)?, &[Layout::ById], |key, item| {
        let bounds = bounds(&item)?;
        out.push(Raw {
            id: key.unwrap_or_default(),
            text: item.text("sentence")?.to_owned(),
            picture: Picture::Named(item.text("scene_path")?.to_owned()),
            gold: gold(json!({ "box": bounds, "width": SIZE[0], "height": SIZE[1], "clutter": clutter(&item)? })),
        });
        Ok(())
    })?;
    Ok(out)
}

/// The box, which is a text with a list of four numbers in it.
fn bounds(item: &Fields) -> Result<[f64; 4], InputError> {
    let wrong = || {
        item.error(
            "bbox",
            "not a text with four numbers x0, y0, x1, y1 (px) within 640 x 480",
        )
    };
    let found: [f64; 4] = serde_json::from_str(item.text("bbox")?).map_err(|_| wrong())?;
    let [x0, y0, x1, y1] = found;
    let is_box = x0 < x1 && x1 <= SIZE[0] && y0 < y1 && y1 <= SIZE[1];
    is_box.then_some(found).ok_or_else(wrong)
}

/// How cluttered a scene is: later pictures of one table have more on it.
fn clutter(item: &Fields) -> Result<&'static str, InputError> {
    match item.maybe_count("take_id")? {
        Some(0..=9) => Ok("minimum"),
        Some(10..=16) => Ok("medium"),
        Some(17..=20) => Ok("maximum"),
        _ => Err(item.error("take_id", "missing, or not from 0 to 20; is it the right file?")),
    }
}
