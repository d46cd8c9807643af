//! DAQUAR: questions about indoor scenes, the official test split. Asked and answered as the shipped models were trained.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::sources::image::Image;
use crate::sources::parquet::Table;

pub(crate) const TASK: Task = Task {
    id: "daquar",
    aliases: &[],
    name: "DAQUAR",
    split: "test",
    count: 5_673,
    metric: "exact match",
    files: &["daquar_test.parquet"],
    also: &[],
    scored_as: "exact",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "the training split",
    }],
    family: Family::Other,
    list: None,
    packable: false,
    questions: questions,
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: None,
    },
};

fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let table = Table::open(&folder.file(TASK.files[0])?)?;
    let mut out = Vec::new();
    for (row, picture) in table.columns(&["image_id", "qa"])?.into_iter().enumerate() {
        let key = picture.text("image_id")?.to_owned();
        for (at, pair) in picture.list("qa", "questions")?.iter().enumerate() {
            let Value::Object(map) = pair else {
                return Err(picture.error("qa", "not a list of records `question`, `answers`"));
            };
            let pair = Fields {
                map: map.clone(),
                place: picture.place.clone(),
            };
            out.push(Question {
                id: format!("{key}-{}", at + 1),
                image: Image::Parquet {
                    file: Arc::clone(&table),
                    row,
                },
                image_key: key.clone(),
                image_sha256: None,
                options: Vec::new(),
                prompt: tidy(pair.text("question")?),
                gold: gold(json!({ "answer": pair.texts("answers")?.join(", ").replace('_', " ") })),
            });
        }
    }
    Ok(out)
}

/// A question as it is written elsewhere: a capital first, no space before the question mark, no underscores.
fn tidy(question: &str) -> String {
    let text = question.replace(" ?", "?").replace('_', " ");
    let mut letters = text.trim().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &letters.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_tidied_as_in_training() {
        assert_eq!(tidy("what is on the night_stand ?"), "What is on the night stand?");
        assert_eq!(tidy(" how many TVs ? "), "How many tvs?");
    }
}
