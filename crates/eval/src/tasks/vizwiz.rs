//! VizWiz: questions that blind people asked about their own pictures, some of them unanswerable.

use serde_json::json;

use super::official::{Official, Picture, Raw};
use super::select::Slim;
use super::{Exposure, Folder, PAPER, SHIPPED, Source, Task, gold, prompts};
use crate::answers::fields::InputError;
use crate::gold::{self as files, Layout};

pub(super) const TASK: Task = Task {
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
    source: Source::Official(Official {
        read,
        prompt: prompts::short_or_unanswerable,
    }),
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
