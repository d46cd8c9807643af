//! Flickr8k: one sentence for a photograph that five people described.

use std::sync::Arc;

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::image::Image;
use crate::sources::parquet::Table;

pub(crate) const TASK: Task = Task {
    id: "flickr8k-captions",
    aliases: &[],
    name: "Captions, Flickr8k, partial: pictures at hand",
    split: "500 pictures held out",
    count: 500,
    metric: "CIDEr-D, BLEU-1 to 4",
    files: &["photos_flickr_test.parquet"],
    also: &[],
    scored_as: "captions",
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
    for (row, picture) in table.columns(&["file", "captions"])?.iter().enumerate() {
        let name = picture.text("file")?;
        out.push(Question {
            id: name.to_owned(),
            image: Image::Parquet {
                file: Arc::clone(&table),
                row,
            },
            image_key: name.to_owned(),
            image_sha256: None,
            options: Vec::new(),
            prompt: "Describe the image in one sentence.".to_owned(),
            gold: gold(json!({ "captions": picture.texts("captions")? })),
        });
    }
    Ok(out)
}
