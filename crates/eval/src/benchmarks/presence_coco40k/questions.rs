//! Whether a thing is in a photograph of COCO: things that its labels name, and as many that they do not.

use std::sync::Arc;

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::image::Image;
use crate::sources::item::id;
use crate::sources::parquet::Table;

pub(crate) const TASK: Task = Task {
    id: "presence-coco40k",
    aliases: &[],
    name: "Presence, COCO photographs",
    split: "pictures held out of 40,000",
    count: 5_364,
    metric: "exact match",
    files: &["photos_vqa_test.parquet"],
    also: &[],
    scored_as: "exact",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "presence and grounding on 128 other pictures of COCO",
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
    for (row, picture) in table.columns(&["image_id", "present", "absent"])?.iter().enumerate() {
        let key = id(picture, "image_id")?;
        for (list, answer) in [("present", "yes"), ("absent", "no")] {
            for name in picture.texts(list)? {
                let name = name.trim();
                out.push(Question {
                    id: format!("{key}/{name}"),
                    image: Image::Parquet {
                        file: Arc::clone(&table),
                        row,
                    },
                    image_key: format!("coco/{key}"),
                    image_sha256: None,
                    options: Vec::new(),
                    prompt: format!("Is there {} in the image?", with_article(name)),
                    gold: gold(json!({ "answer": answer, "part": answer })),
                });
            }
        }
    }
    Ok(out)
}

/// A name behind its article.
fn with_article(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles() {
        assert_eq!(with_article("apple"), "an apple");
        assert_eq!(with_article("tie"), "a tie");
    }
}
