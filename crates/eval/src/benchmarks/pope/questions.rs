//! POPE: whether a thing is in the picture, in three settings that choose what is asked in vain.

use serde_json::json;

use super::rule::Setting;
use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, Question, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::coco256::{self, Pictures};
use crate::sources::hub::{self, Asked};
use crate::sources::item::{Picture, Raw, id};
use crate::sources::official;
use crate::sources::prompts;

/// The settings in the order of the paper's code, which decides its subset.
const ORDER: [Setting; 3] = [Setting::Adversarial, Setting::Popular, Setting::Random];

pub(crate) const TASK: Task = Task {
    id: "pope",
    aliases: &[],
    name: "POPE",
    split: "adversarial, popular, random",
    count: 8_910,
    metric: "mean of three accuracies, probabilities",
    files: &[
        "pope/coco_pope_adversarial.json",
        "pope/coco_pope_popular.json",
        "pope/coco_pope_random.json",
        "pope/val2014/",
    ],
    also: &[
        "download/pope/coco_pope_adversarial.json",
        "download/pope/coco_pope_popular.json",
        "download/pope/coco_pope_random.json",
        "download/pope/val_images/",
    ],
    scored_as: "pope",
    choices: &["Yes", "No"],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "COCO's training pictures, none of these questions",
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
        part: Some("setting"),
    },
};

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    for (at, setting) in ORDER.into_iter().enumerate() {
        files::read(&folder.wanted(at)?, &[Layout::Lines], |_, item| {
            out.push(Raw {
                id: format!("{}/{}", setting.name(), id(&item, "question_id")?),
                text: item.text("text")?.to_owned(),
                picture: Picture::Named(item.text("image")?.to_owned()),
                gold: gold(json!({ "label": item.text("label")?, "setting": setting.name() })),
            });
            Ok(())
        })?;
    }
    Ok(out)
}

pub(crate) const ON_COCO256: Task = Task {
    id: "pope-coco256",
    aliases: &[],
    name: "POPE, partial: pictures at hand",
    split: "val2014, 2 pictures",
    count: 36,
    metric: "accuracy, written",
    files: &[
        "coco256.parquet",
        "benchmarks/pope/coco_pope_adversarial.json",
        "benchmarks/pope/coco_pope_popular.json",
        "benchmarks/pope/coco_pope_random.json",
    ],
    also: &[],
    scored_as: "pope",
    choices: &[],
    version: 1,
    exposure: coco256::SEEN,
    family: Family::Partial,
    list: None,
    packable: false,
    questions: on_coco256,
    slim: Slim::None,
};

/// Questions about the pictures at hand, without an instruction behind them: so the shipped models were trained.
fn on_coco256(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = Pictures::open(folder)?;
    let mut out = Vec::new();
    for setting in Setting::ALL {
        let path = folder.file(&format!("benchmarks/pope/coco_pope_{}.json", setting.name()))?;
        files::read(&path, &[Layout::Lines], |_, item| {
            if let Some((image, image_key)) = pictures.by_name(item.text("image")?) {
                out.push(Question {
                    id: format!("{}/{}", setting.name(), id(&item, "question_id")?),
                    image,
                    image_key,
                    image_sha256: None,
                    options: Vec::new(),
                    prompt: item.text("text")?.to_owned(),
                    gold: gold(json!({ "label": item.text("label")?, "setting": setting.name() })),
                });
            }
            Ok(())
        })?;
    }
    Ok(out)
}

pub(crate) static HUB: Task = Task {
    scored_as: "pope",
    split: "adversarial, popular, random; 3,000 each",
    metric: "accuracy, written",
    ..hub::task(
        "pope-lmms",
        "POPE, lmms-eval's layout",
        9_000,
        &["POPE/data/"],
        |folder| hub::questions(folder, "test-", "image_source", of_hub),
    )
};

/// A row of the Hub's.
fn of_hub(row: &Fields) -> Result<Asked, InputError> {
    let setting = row.text("category")?;
    Ok(Asked {
        id: format!("{setting}/{}", id(row, "question_id")?),
        prompt: prompts::short(row.text("question")?.trim()),
        gold: gold(json!({ "label": row.text("answer")?, "setting": setting })),
    })
}
