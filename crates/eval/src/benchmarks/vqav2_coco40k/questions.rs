//! VQAv2's questions about the photographs at hand, ten answers each. They are asked without an
//! instruction behind them, as in training.

use serde_json::json;

use super::gold::SLICES;
use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task};
use crate::sources::item::id;
use crate::sources::photographs::{self, Asked};

pub(crate) const TASK: Task = Task {
    id: "vqav2-coco40k",
    aliases: &[],
    name: "VQAv2, partial: photographs at hand",
    split: "train and val, 2,730 pictures held out",
    count: 4_223,
    metric: "soft accuracy",
    files: &["photos_vqa_test.parquet"],
    also: &[],
    scored_as: "vqav2-coco40k",
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
    photographs::questions(folder, TASK.files[0], &["image_id", "qa"], |picture| {
        let key = id(picture, "image_id")?;
        let pairs = picture.records("qa", "the list of questions")?;
        pairs.iter().map(|pair| asked(&key, pair)).collect()
    })
}

/// A question about the picture of this number.
fn asked(key: &str, pair: &Fields) -> Result<Asked, InputError> {
    let question = pair.text("question")?.trim();
    let kind = |name: &str| Ok(pair.maybe_text(name)?.unwrap_or_default().to_owned());
    let begins = question.to_lowercase();
    Ok(Asked {
        id: id(pair, "question_id")?,
        image_key: format!("coco/{key}"),
        prompt: question.to_owned(),
        gold: json!({
            "answers": pair.texts("answers")?,
            "answer_type": kind("answer_type")?,
            "question_type": kind("question_type")?,
            "slice": SLICES.into_iter().find(|slice| begins.starts_with(slice)),
        }),
    })
}
