//! VQAv2: open questions about COCO's pictures, ten answers each.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, Question, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::coco256::Pictures;
use crate::sources::data::DataPath;
use crate::sources::hub::{self, Asked};
use crate::sources::item::{Picture, Raw, coco_number, id};
use crate::sources::official;
use crate::sources::prompts;

/// What the paper's models have seen.
const EXPOSURE: &[Exposure] = &[
    Exposure {
        models: PAPER,
        seen: "the training split",
    },
    Exposure {
        models: SHIPPED,
        seen: "nothing of it",
    },
];

pub(crate) const TASK: Task = Task {
    id: "vqav2",
    aliases: &["vqa-v2"],
    name: "VQAv2",
    split: "val",
    count: 214_354,
    metric: "soft accuracy",
    files: &[
        "vqav2/v2_OpenEnded_mscoco_val2014_questions.json",
        "vqav2/v2_mscoco_val2014_annotations.json",
        "vqav2/val2014/",
    ],
    also: &[
        "download/vqa-v2/v2_val2014_questions.json",
        "download/vqa-v2/v2_val2014_annotations.json",
        "download/vqa-v2/images_val2014/",
    ],
    scored_as: "vqav2",
    choices: &[],
    version: 1,
    exposure: EXPOSURE,
    family: Family::Paper,
    list: None,
    packable: true,
    questions: |folder| official::questions(folder, read, prompts::short),
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: Some(16_384),
        part: None,
    },
};

fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let texts = texts(&folder.wanted(0)?)?;
    let mut out = Vec::new();
    files::read(&folder.wanted(1)?, &[Layout::Under("annotations")], |_, item| {
        let id = id(&item, "question_id")?;
        let text = texts
            .get(&id)
            .ok_or_else(|| item.error("question_id", "not in the questions file"))?;
        out.push(Raw {
            text: text.clone(),
            picture: Picture::Named(format!("COCO_val2014_{:012}.jpg", coco_number(&item)?)),
            gold: annotation(&item)?,
            id,
        });
        Ok(())
    })?;
    Ok(out)
}

pub(crate) const ON_COCO256: Task = Task {
    id: "vqav2-coco256",
    aliases: &[],
    name: "VQAv2, partial: pictures at hand",
    split: "val2014, few questions",
    count: 5,
    metric: "soft accuracy",
    files: &[
        "coco256.parquet",
        "benchmarks/vqav2/vqa_questions_valid.gzip",
        "benchmarks/vqav2/vqa_annotatons_valid.gzip",
    ],
    also: &[],
    scored_as: "vqav2",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "not these questions, but presence and grounding on these pictures",
    }],
    family: Family::Partial,
    list: None,
    packable: false,
    questions: on_coco256,
    slim: Slim::None,
};

/// Texts of questions by their id.
fn texts(path: &DataPath) -> Result<HashMap<String, String>, InputError> {
    let mut out = HashMap::new();
    files::read(path, &[Layout::Under("questions")], |_, item| {
        out.insert(id(&item, "question_id")?, item.text("question")?.to_owned());
        Ok(())
    })?;
    Ok(out)
}

/// Gold of an annotation.
fn annotation(item: &Fields) -> Result<serde_json::Map<String, Value>, InputError> {
    let kind = |name: &str| Ok(item.maybe_text(name)?.unwrap_or_default().to_owned());
    Ok(gold(json!({
        "answers": item.list("answers", "answers")?,
        "answer_type": kind("answer_type")?,
        "question_type": kind("question_type")?,
    })))
}

/// Questions about the pictures at hand, without an instruction behind them: so the shipped models
/// were trained.
fn on_coco256(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = Pictures::open(folder)?;
    let texts = texts(&folder.file(ON_COCO256.files[1])?)?;
    let mut out = Vec::new();
    files::read(
        &folder.file(ON_COCO256.files[2])?,
        &[Layout::Under("annotations")],
        |_, item| {
            let number = coco_number(&item)?;
            if let Some((image, image_key)) = pictures.by_id(number) {
                let id = id(&item, "question_id")?;
                let text = texts.get(&id);
                out.push(Question {
                    image,
                    image_key,
                    image_sha256: None,
                    options: Vec::new(),
                    prompt: text
                        .ok_or_else(|| item.error("question_id", "not in the questions file"))?
                        .clone(),
                    gold: annotation(&item)?,
                    id,
                });
            }
            Ok(())
        },
    )?;
    Ok(out)
}

pub(crate) static HUB: Task = hub::task(
    "vqav2-lmms",
    "VQAv2, lmms-eval's layout",
    214_354,
    &["VQAv2/data/"],
    |folder| hub::questions(folder, "validation-", "image_id", of_hub),
);

/// A row of the Hub's.
fn of_hub(row: &Fields) -> Result<Asked, InputError> {
    let kind = |name: &str| Ok(row.maybe_text(name)?.unwrap_or_default().to_owned());
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short(row.text("question")?),
        gold: gold(json!({
            "answers": row.list("answers", "answers")?,
            "answer_type": kind("answer_type")?,
            "question_type": kind("question_type")?,
        })),
    })
}
