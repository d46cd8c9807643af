//! GQA: composed questions about scenes, one answer each.

use serde_json::{Map, Value};

use super::official::{Official, Picture, Raw, id};
use super::select::Slim;
use super::{Exposure, Folder, PAPER, SHIPPED, Source, Task, prompts};
use crate::answers::fields::{Fields, InputError};
use crate::gold::{self as files, Layout};

pub(super) const TASK: Task = Task {
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
    source: Source::Official(Official {
        read,
        prompt: prompts::short,
    }),
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
