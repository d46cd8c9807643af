//! DAQUAR: questions about indoor scenes, the official test split. Asked and answered as the
//! shipped models were trained.

use serde_json::{Value, json};

use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task};
use crate::sources::photographs::{self, Asked};

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
    questions,
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: None,
    },
};

fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    photographs::questions(folder, TASK.files[0], &["image_id", "qa"], |picture| {
        let key = picture.text("image_id")?;
        let mut out = Vec::new();
        for (at, pair) in picture.list("qa", "questions")?.iter().enumerate() {
            let Value::Object(map) = pair else {
                return Err(picture.error("qa", "not a list of records `question`, `answers`"));
            };
            let pair = Fields {
                map: map.clone(),
                place: picture.place.clone(),
            };
            out.push(Asked {
                id: format!("{key}-{}", at + 1),
                image_key: key.to_owned(),
                prompt: tidy(pair.text("question")?),
                gold: json!({ "answer": pair.texts("answers")?.join(", ").replace('_', " ") }),
            });
        }
        Ok(out)
    })
}

/// A question as it is written elsewhere: a capital first, no space before the question mark, no
/// underscores.
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
