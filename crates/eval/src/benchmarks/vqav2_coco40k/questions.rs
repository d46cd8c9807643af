//! VQAv2's questions about the photographs at hand, ten answers each. They are asked without an instruction behind them, as in training.

use std::sync::Arc;

use serde_json::json;

use super::gold::SLICES;
use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::image::Image;
use crate::sources::item::id;
use crate::sources::parquet::Table;

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
    let table = Table::open(&folder.file(TASK.files[0])?)?;
    let mut out = Vec::new();
    for (row, picture) in table.columns(&["image_id", "qa"])?.iter().enumerate() {
        let key = id(picture, "image_id")?;
        for asked in picture.records("qa", "the list of questions")? {
            let question = asked.text("question")?.trim();
            let kind = |name: &str| Ok(asked.maybe_text(name)?.unwrap_or_default().to_owned());
            let begins = question.to_lowercase();
            out.push(Question {
                id: id(&asked, "question_id")?,
                image: Image::Parquet {
                    file: Arc::clone(&table),
                    row,
                },
                image_key: format!("coco/{key}"),
                image_sha256: None,
                options: Vec::new(),
                prompt: question.to_owned(),
                gold: gold(json!({
                    "answers": asked.texts("answers")?,
                    "answer_type": kind("answer_type")?,
                    "question_type": kind("question_type")?,
                    "slice": SLICES.into_iter().find(|slice| begins.starts_with(slice)),
                })),
            });
        }
    }
    Ok(out)
}
