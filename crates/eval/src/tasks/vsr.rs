//! VSR: statements about where things are, true or false.

use serde_json::json;

use super::coco256::{self, Pictures};
use super::select::Slim;
use super::{Folder, Question, Source, Task, gold, prompts};
use crate::answers::fields::InputError;
use crate::gold::{self as files, Layout};

pub(super) const ON_COCO256: Task = Task {
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
    scored_as: "vsr",
    choices: &["True", "False"],
    version: 1,
    exposure: coco256::SEEN,
    source: Source::Files(on_coco256),
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
                let label = item.maybe_truth("label")?;
                out.push(Question {
                    id: format!("{split}/{at}"),
                    image,
                    image_key,
                    image_sha256: None,
                    prompt: prompts::true_or_false(item.text("caption")?),
                    gold: gold(json!({ "label": label.ok_or_else(|| item.error("label", "missing"))? })),
                });
            }
            at += 1;
            Ok(())
        })?;
    }
    Ok(out)
}
