//! Flickr8k: one sentence for a photograph that five people described.

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task};
use crate::sources::photographs::{self, Asked};

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
    photographs::questions(folder, TASK.files[0], &["file", "captions"], |picture| {
        let name = picture.text("file")?;
        Ok(vec![Asked {
            id: name.to_owned(),
            image_key: name.to_owned(),
            prompt: "Describe the image in one sentence.".to_owned(),
            gold: json!({ "captions": picture.texts("captions")? }),
        }])
    })
}
