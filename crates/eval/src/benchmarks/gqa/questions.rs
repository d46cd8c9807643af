//! GQA: composed questions about scenes, one answer each.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, Question, SHIPPED, Slim, Task};
use crate::gold::{self as files, Layout};
use crate::sources::hub;
use crate::sources::image::Image;
use crate::sources::item::{Picture, Raw, id};
use crate::sources::official;
use crate::sources::prompts;

pub(crate) const TASK: Task = Task {
    id: "gqa",
    aliases: &[],
    name: "GQA",
    split: "testdev, balanced",
    count: 12_578,
    metric: "exact match",
    files: &["gqa/testdev_balanced_questions.json", "gqa/images/"],
    also: &["download/gqa/testdev_balanced_questions.json", "download/gqa/images/"],
    scored_as: "gqa",
    choices: &[],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "the training split",
        },
        Exposure {
            models: SHIPPED,
            seen: "nothing of it",
        },
    ],
    family: Family::Paper,
    list: None,
    packable: true,
    questions: |folder| official::questions(folder, read, prompts::short),
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: None,
    },
};

/// Fields that the official totals are taken by.
const PARTS: [&str; 6] = ["answer", "question", "isBalanced", "types", "groups", "semantic"];

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    files::read(&folder.wanted(0)?, &[Layout::ById], |key, item| {
        out.push(Raw {
            id: key.unwrap_or_default(),
            text: item.text("question")?.to_owned(),
            picture: Picture::Named(format!("{}.jpg", id(&item, "imageId")?)),
            gold: parts(&item),
        });
        Ok(())
    })?;
    Ok(out)
}

/// Gold of a question.
fn parts(item: &Fields) -> Map<String, Value> {
    let known = PARTS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), item.get(name)?.clone())));
    known.collect()
}

pub(crate) static HUB: Task = Task {
    scored_as: "gqa",
    split: "testdev, balanced",
    metric: "exact match",
    ..hub::task(
        "gqa-lmms",
        "GQA, lmms-eval's layout",
        12_578,
        &["GQA/testdev_balanced_instructions/", "GQA/testdev_balanced_images/"],
        of_hub,
    )
};

/// Questions, and pictures that stand in files of their own.
fn of_hub(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let mut pictures = HashMap::new();
    for table in hub::tables(folder, 1, "testdev-")? {
        for (row, fields) in table.columns(&["id"])?.iter().enumerate() {
            pictures.insert(id(fields, "id")?, (Arc::clone(&table), row));
        }
    }
    let mut out = Vec::new();
    for table in hub::tables(folder, 0, "testdev-")? {
        for fields in table.columns(&hub::COLUMNS)? {
            let picture = id(&fields, "imageId")?;
            let (file, row) = pictures
                .get(&picture)
                .ok_or_else(|| fields.error("imageId", "not among the pictures"))?;
            let known = ["answer", "question", "types", "groups"].into_iter();
            let known = known.filter_map(|name| Some((name.to_owned(), fields.get(name)?.clone())));
            out.push(Question {
                id: id(&fields, "id")?,
                image: Image::Parquet {
                    file: Arc::clone(file),
                    row: *row,
                },
                image_key: picture,
                image_sha256: None,
                options: Vec::new(),
                prompt: prompts::short(fields.text("question")?),
                gold: known.collect(),
            });
        }
    }
    Ok(out)
}
