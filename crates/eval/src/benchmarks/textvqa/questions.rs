//! TextVQA: questions about text in pictures, with what an OCR system read in the prompt, and without.

use std::collections::HashMap;

use serde_json::json;

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::hub::{self, Asked};
use crate::sources::item::{Picture, Raw, id};
use crate::sources::official;
use crate::sources::prompts;

/// What stands before the OCR tokens.
const OCR: &str = "\nReference OCR token:";

pub(crate) const OCR_TASK: Task = Task {
    id: "textvqa-ocr",
    aliases: &["text-vqa-ocr"],
    name: "TextVQA with OCR tokens in the prompt",
    split: "val",
    count: 5_000,
    metric: "soft accuracy",
    files: &[
        "textvqa/textvqa_val_v051_ocr.jsonl",
        "textvqa/TextVQA_0.5.1_val.json",
        "textvqa/train_images/",
    ],
    also: &[
        "download/text-vqa/textvqa_val_v051_ocr.jsonl",
        "download/text-vqa/TextVQA_0.5.1_val.json",
        "download/text-vqa/train_val_images/",
    ],
    scored_as: "textvqa-ocr",
    choices: &[],
    version: 1,
    exposure: &[
        Exposure {
            models: PAPER,
            seen: "captions of TextVQA's training pictures (TextCaps)",
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

pub(crate) const PURE: Task = Task {
    id: "textvqa",
    aliases: &["text-vqa"],
    name: "TextVQA",
    scored_as: "textvqa",
    questions: |folder| {
        official::questions(folder, read, |text| {
            prompts::short(text.split(OCR).next().unwrap_or(text))
        })
    },
    ..OCR_TASK
};

/// As the paper's code does it, the questions are those of LLaVA's file, line by line with the official annotations.
fn read(folder: &Folder) -> Result<Vec<Raw>, InputError> {
    let (path, mut texts) = (folder.wanted(0)?, Vec::new());
    files::read(&path, &[Layout::Lines], |_, item| {
        texts.push(question(&item)?);
        Ok(())
    })?;
    let mut items = Vec::new();
    let mut by_id = HashMap::new();
    files::read(&folder.wanted(1)?, &[Layout::Under("data")], |_, item| {
        let text = texts.get(items.len()).ok_or_else(|| {
            let problem = format!(
                "more questions than {} has lines; are both files whole?",
                path.display()
            );
            InputError::new(&item.place, problem)
        })?;
        let id = id(&item, "question_id")?;
        // Where an id is there twice, the last question counts for both; so does the paper's code.
        by_id.insert(id.clone(), text.clone());
        items.push(Raw {
            id,
            text: String::new(),
            picture: Picture::Named(format!("{}.jpg", item.text("image_id")?)),
            gold: gold(json!({ "answers": item.texts("answers")? })),
        });
        Ok(())
    })?;
    for item in &mut items {
        item.text = by_id.get(&item.id).cloned().unwrap_or_default();
    }
    Ok(items)
}

fn question(item: &Fields) -> Result<String, InputError> {
    let text = item.text("text")?;
    if text.ends_with("Answer the question using a single word or phrase.") {
        let problem = "ends with LLaVA's instruction, which the prompt would then have twice; take the file that the paper's code \
                       downloads, or cut that line off";
        return Err(item.error("text", problem));
    }
    Ok(text.to_owned())
}

pub(crate) static HUB: Task = Task {
    scored_as: "textvqa",
    ..hub::task(
        "textvqa-lmms",
        "TextVQA, lmms-eval's layout",
        5_000,
        &["textvqa/data/"],
        |folder| hub::questions(folder, "validation-", "image_id", of_hub),
    )
};

/// A row of the Hub's.
fn of_hub(row: &Fields) -> Result<Asked, InputError> {
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short(&hub::capitalised(row.text("question")?)),
        gold: gold(json!({ "answers": row.texts("answers")? })),
    })
}
