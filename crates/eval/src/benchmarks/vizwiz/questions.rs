//! VizWiz: questions that blind people asked about their own pictures, some of them unanswerable.

use serde_json::json;

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::hub::{self, Asked};
use crate::sources::item::{Picture, Raw, id};
use crate::sources::official;
use crate::sources::prompts;

pub(crate) const TASK: Task = Task {
    id: "vizwiz",
    aliases: &[],
    name: "VizWiz",
    split: "val",
    count: 4_319,
    metric: "soft accuracy",
    files: &["vizwiz/val.json", "vizwiz/val/"],
    also: &["download/vizwiz/val.json", "download/vizwiz/val_images/"],
    scored_as: "vizwiz",
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
    questions: |folder| official::questions(folder, read, prompts::short_or_unanswerable),
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: None,
    },
};

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    files::read(&folder.wanted(0)?, &[Layout::List], |_, item| {
        let picture = item.text("image")?.to_owned();
        let answerable = item.maybe_truth("answerable")?;
        out.push(Raw {
            id: picture
                .rsplit_once('.')
                .map_or(picture.as_str(), |(stem, _)| stem)
                .to_owned(),
            text: item.text("question")?.to_owned(),
            picture: Picture::Named(picture),
            gold: gold(json!({ "answers": item.texts("answers")?, "answerable": answerable })),
        });
        Ok(())
    })?;
    Ok(out)
}

pub(crate) static HUB: Task = Task {
    scored_as: "vizwiz",
    ..hub::task(
        "vizwiz-lmms",
        "VizWiz, lmms-eval's layout",
        4_319,
        &["VizWiz-VQA/data/"],
        |folder| hub::questions(folder, "val-", "question_id", of_hub),
    )
};

/// A row of the Hub's.
fn of_hub(row: &Fields) -> Result<Asked, InputError> {
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short_or_unanswerable(&hub::capitalised(row.text("question")?)),
        gold: gold(json!({ "answers": row.texts("answers")? })),
    })
}
