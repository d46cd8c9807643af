//! VSR: statements about where things are, true or false.

use serde_json::{Map, Value, json};

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, Question, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::coco256::{self, Pictures};
use crate::sources::item::{Picture, Raw};
use crate::sources::official;
use crate::sources::prompts;

pub(crate) const TASK: Task = Task {
    id: "vsr",
    aliases: &[],
    name: "VSR",
    split: "zero-shot test",
    count: 1_222,
    metric: "accuracy, probabilities",
    files: &["vsr/test.jsonl", "vsr/images/"],
    also: &["download/vsr/test.jsonl", "download/vsr/images/"],
    scored_as: "vsr",
    choices: &["True", "False"],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "COCO's training pictures, none of these statements",
        },
        Exposure {
            models: SHIPPED,
            seen: "nothing of it",
        },
    ],
    family: Family::Paper,
    list: None,
    packable: true,
    questions: |folder| official::questions(folder, read, prompts::true_or_false),
    slim: Slim::None,
};

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let mut out = Vec::new();
    files::read(&folder.wanted(0)?, &[Layout::Lines], |_, item| {
        out.push(Raw {
            id: out.len().to_string(),
            text: item.text("caption")?.to_owned(),
            picture: Picture::Named(item.text("image")?.to_owned()),
            gold: label(&item)?,
        });
        Ok(())
    })?;
    Ok(out)
}

fn label(item: &Fields) -> Result<Map<String, Value>, InputError> {
    let label = item.maybe_truth("label")?;
    Ok(gold(
        json!({ "label": label.ok_or_else(|| item.error("label", "missing; is it the right file?"))? }),
    ))
}

pub(crate) const ON_COCO256: Task = Task {
    id: "vsr-coco256",
    aliases: &[],
    name: "VSR, partial: pictures at hand",
    split: "zero-shot train, dev and test",
    count: 18,
    metric: "accuracy, probabilities",
    files: &[
        "coco256.parquet",
        "benchmarks/vsr/zeroshot/train.jsonl",
        "benchmarks/vsr/zeroshot/dev.jsonl",
        "benchmarks/vsr/zeroshot/test.jsonl",
    ],
    also: &[],
    scored_as: "vsr",
    choices: &["True", "False"],
    version: 1,
    exposure: coco256::SEEN,
    family: Family::Partial,
    list: None,
    packable: false,
    questions: on_coco256,
    slim: Slim::None,
};

fn on_coco256(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = Pictures::open(folder)?;
    let mut out = Vec::new();
    for split in ["train", "dev", "test"] {
        let mut at = 0;
        let path = folder.file(&format!("benchmarks/vsr/zeroshot/{split}.jsonl"))?;
        files::read(&path, &[Layout::Lines], |_, item| {
            if let Some((image, image_key)) = pictures.by_name(item.text("image")?) {
                out.push(Question {
                    id: format!("{split}/{at}"),
                    image,
                    image_key,
                    image_sha256: None,
                    options: Vec::new(),
                    prompt: prompts::true_or_false(item.text("caption")?),
                    gold: label(&item)?,
                });
            }
            at += 1;
            Ok(())
        })?;
    }
    Ok(out)
}
