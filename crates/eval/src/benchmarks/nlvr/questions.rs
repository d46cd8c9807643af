//! NLVR: statements about drawn shapes, true or false. The benchmark has no prompt; ours is that of VSR.

use std::sync::Arc;

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::image::Image;
use crate::sources::parquet::Table;
use crate::sources::prompts;

pub(crate) const DEV: Task = Task {
    id: "nlvr-dev",
    aliases: &[],
    name: "NLVR, part at hand",
    split: "dev",
    count: 989,
    metric: "accuracy, probabilities",
    files: &["nlvr_dev.parquet"],
    also: &[],
    scored_as: "vsr",
    choices: &["True", "False"],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "nothing",
    }],
    family: Family::Other,
    list: None,
    packable: false,
    questions,
    slim: Slim::Paper {
        slim: 256,
        subsampled: None,
        part: None,
    },
};

pub(crate) const TEST: Task = Task {
    id: "nlvr",
    split: "test",
    count: 990,
    files: &["nlvr_test.parquet"],
    ..DEV
};

fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let task = folder.task;
    let table = Table::open(&folder.file(task.files[0])?)?;
    let mut out = Vec::new();
    for (row, fields) in table.columns(&["sentence", "label"])?.iter().enumerate() {
        let label = fields.maybe_truth("label")?;
        out.push(Question {
            id: format!("{}-{row}", task.split),
            image: Image::Parquet {
                file: Arc::clone(&table),
                row,
            },
            image_key: format!("{}-{row}", task.split),
            image_sha256: None,
            options: Vec::new(),
            prompt: prompts::true_or_false(fields.text("sentence")?),
            gold: gold(json!({ "label": label.ok_or_else(|| fields.error("label", "missing"))? })),
        });
    }
    Ok(out)
}
