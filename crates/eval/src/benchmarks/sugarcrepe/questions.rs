//! SugarCrepe: which of two captions that differ in little is right. The benchmark compares how well each fits; here a model is asked, with
//! the right one first for every other question.

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Family, Folder, Question, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::coco256::{self, Pictures};
use crate::sources::prompts;

/// What is changed in the wrong caption; a file each.
const PARTS: [&str; 7] = [
    "add_att",
    "add_obj",
    "replace_att",
    "replace_obj",
    "replace_rel",
    "swap_att",
    "swap_obj",
];

pub(crate) const TASK: Task = Task {
    id: "sugarcrepe-coco256",
    aliases: &[],
    name: "SugarCrepe, partial: pictures at hand",
    split: "val2017",
    count: 227,
    metric: "accuracy, probabilities",
    files: &[
        "coco256.parquet",
        "benchmarks/sugarcrepe/add_att.json",
        "benchmarks/sugarcrepe/add_obj.json",
        "benchmarks/sugarcrepe/replace_att.json",
        "benchmarks/sugarcrepe/replace_obj.json",
        "benchmarks/sugarcrepe/replace_rel.json",
        "benchmarks/sugarcrepe/swap_att.json",
        "benchmarks/sugarcrepe/swap_obj.json",
    ],
    also: &[],
    scored_as: "choice",
    choices: &["A", "B"],
    version: 1,
    exposure: coco256::SEEN,
    family: Family::Partial,
    list: None,
    packable: false,
    questions: questions,
    slim: Slim::None,
};

fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = Pictures::open(folder)?;
    let mut out = Vec::new();
    for part in PARTS {
        let path = folder.file(&format!("benchmarks/sugarcrepe/{part}.json"))?;
        files::read(&path, &[Layout::ById], |key, item| {
            if let Some((image, image_key)) = pictures.by_name(item.text("filename")?) {
                let (right, wrong) = (item.text("caption")?, item.text("negative_caption")?);
                let (answer, captions) = if out.len() % 2 == 0 {
                    ("A", [right, wrong])
                } else {
                    ("B", [wrong, right])
                };
                out.push(Question {
                    id: format!("{part}/{}", key.unwrap_or_default()),
                    image,
                    image_key,
                    image_sha256: None,
                    options: Vec::new(),
                    prompt: prompts::choose("Which caption describes the image?", &captions.map(str::trim)),
                    gold: gold(json!({ "answer": answer, "part": part })),
                });
            }
            Ok(())
        })?;
    }
    Ok(out)
}
