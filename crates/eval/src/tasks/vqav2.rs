//! VQAv2: open questions about COCO's pictures, ten answers each.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::coco256::Pictures;
use super::select::Slim;
use super::{Exposure, Folder, Question, SHIPPED, Source, Task, gold};
use crate::answers::fields::{Fields, InputError};
use crate::gold::{self as files, Layout};

pub(super) const ON_COCO256: Task = Task {
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
    scored_as: "vqav2",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "not these questions, but presence and grounding on these pictures",
    }],
    source: Source::Files(on_coco256),
    slim: Slim::None,
};

/// Texts of questions by their id.
fn texts(path: &std::path::Path) -> Result<HashMap<String, String>, InputError> {
    let mut out = HashMap::new();
    files::read(path, &[Layout::Under("questions")], |_, item| {
        out.insert(question_id(&item)?, item.text("question")?.to_owned());
        Ok(())
    })?;
    Ok(out)
}

fn question_id(item: &Fields) -> Result<String, InputError> {
    item.maybe_id(&["question_id"])?
        .ok_or_else(|| item.error("question_id", "missing; is it the right file?"))
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

/// Questions about the pictures at hand, without an instruction behind them: so the shipped models were trained.
fn on_coco256(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = Pictures::open(folder)?;
    let texts = texts(&folder.file(ON_COCO256.files[1])?)?;
    let mut out = Vec::new();
    files::read(
        &folder.file(ON_COCO256.files[2])?,
        &[Layout::Under("annotations")],
        |_, item| {
            let number = item.get("image_id").and_then(Value::as_u64);
            let number = number.ok_or_else(|| item.error("image_id", "missing; is it the right file?"))?;
            if let Some((image, image_key)) = pictures.by_id(number) {
                let id = question_id(&item)?;
                let text = texts.get(&id);
                out.push(Question {
                    image,
                    image_key,
                    image_sha256: None,
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
