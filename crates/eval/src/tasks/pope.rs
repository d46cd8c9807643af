//! POPE: whether a thing is in the picture, in three settings that choose what is asked in vain.

use serde_json::json;

use super::coco256::{self, Pictures};
use super::select::Slim;
use super::{Folder, Question, Source, Task, gold};
use crate::answers::fields::InputError;
use crate::gold::{self as files, Layout};
use crate::score::pope::Setting;

pub(super) const ON_COCO256: Task = Task {
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
    scored_as: "pope",
    choices: &[],
    version: 1,
    exposure: coco256::SEEN,
    source: Source::Files(on_coco256),
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
                let id = item
                    .maybe_id(&["question_id"])?
                    .ok_or_else(|| item.error("question_id", "missing"))?;
                out.push(Question {
                    id: format!("{}/{id}", setting.name()),
                    image,
                    image_key,
                    image_sha256: None,
                    prompt: item.text("text")?.to_owned(),
                    gold: gold(json!({ "label": item.text("label")?, "setting": setting.name() })),
                });
            }
            Ok(())
        })?;
    }
    Ok(out)
}
