//! Whether a thing is in a photograph of COCO: things that its labels name, and as many that they
//! do not.

use serde_json::json;

use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task};
use crate::sources::item::id;
use crate::sources::photographs::{self, Asked};

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
    let columns = ["image_id", "present", "absent"];
    photographs::questions(folder, TASK.files[0], &columns, |picture| {
        let key = id(picture, "image_id")?;
        let mut out = Vec::new();
        for (list, answer) in [("present", "yes"), ("absent", "no")] {
            for name in picture.texts(list)? {
                let name = name.trim();
                out.push(Asked {
                    id: format!("{key}/{name}"),
                    image_key: format!("coco/{key}"),
                    prompt: format!("Is there {} in the image?", with_article(name)),
                    gold: json!({ "answer": answer, "part": answer }),
                });
            }
        }
        Ok(out)
    })
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
