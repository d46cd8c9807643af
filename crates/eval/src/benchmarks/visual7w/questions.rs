//! Visual7W: four-choice questions that people wrote about photographs, in the official layout and
//! packed.

use std::sync::Arc;

use serde_json::json;

use super::rule::{OPTIONS, plain, word};
use crate::answers::fields::{Fields, InputError, Place};
use crate::benchmarks::row::{Exposure, Family, Folder, Question, SHIPPED, Slim, Task, gold};
use crate::gold::{self as files, Layout};
use crate::sources::data::DataPath;
use crate::sources::image::Image;
use crate::sources::official::inside;
use crate::sources::parquet::Table;
use crate::stats::{SEED, split_mix};

pub(crate) const TASK: Task = Task {
    id: "visual7w",
    aliases: &["v7w"],
    name: "Visual7W, telling",
    split: "test",
    count: 42_031,
    metric: "accuracy, whole options",
    files: &["visual7w/dataset_v7w_telling.json", "visual7w/images/"],
    also: &[],
    scored_as: "visual7w",
    choices: &[],
    version: 1,
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "nothing of it",
    }],
    family: Family::Other,
    list: None,
    packable: false,
    questions: official,
    slim: Slim::Paper {
        slim: 1_024,
        subsampled: None,
        part: None,
    },
};

pub(crate) const PHOTOS: Task = Task {
    id: "visual7w-photos",
    aliases: &[],
    name: "Visual7W, telling, partial: pictures at hand",
    split: "786 pictures of all splits",
    count: 1_859,
    files: &["photos_v7w_test.parquet"],
    family: Family::Partial,
    questions: packed,
    slim: Slim::None,
    ..TASK
};

/// The official file: pictures, each with its questions.
fn official(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let pictures = folder.pictures()?;
    let path = folder.file(TASK.files[0])?;
    let mut out = Vec::new();
    files::read(&path, &[Layout::Under("images")], |_, picture| {
        if picture.text("split")? == "test" {
            let name = picture.text("filename")?;
            let image = Image::File(
                inside(&pictures, name)
                    .ok_or_else(|| picture.error("filename", format!("`{name}` is outside the folder")))?,
            );
            about(&picture, "qa_pairs", &image, name, &mut out)?;
        }
        Ok(())
    })?;
    some(&path, out)
}

/// Pictures and their questions, a row each.
fn packed(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let path = folder.file(PHOTOS.files[0])?;
    let table = Table::open(&path)?;
    let mut out = Vec::new();
    for (row, picture) in table.columns(&["file", "qa"])?.iter().enumerate() {
        let image = Image::Parquet {
            file: Arc::clone(&table),
            row,
        };
        about(picture, "qa", &image, picture.text("file")?, &mut out)?;
    }
    some(&path, out)
}

/// An error where there is no question.
fn some(path: &DataPath, questions: Vec<Question>) -> Result<Vec<Question>, InputError> {
    match questions.is_empty() {
        false => Ok(questions),
        true => Err(InputError::new(
            &Place::file(&path.display().to_string()),
            "holds no question of the test split; is it the right file?",
        )),
    }
}

/// Questions about a picture.
fn about(picture: &Fields, list: &str, image: &Image, key: &str, out: &mut Vec<Question>) -> Result<(), InputError> {
    for pair in picture.records(list, "the list of questions")? {
        let number = pair
            .maybe_count("qa_id")?
            .ok_or_else(|| pair.error("qa_id", "missing; is it the right file?"))?;
        let wrong = pair.texts("multiple_choices")?;
        if wrong.len() + 1 != OPTIONS {
            let problem = format!("{} wrong answers where {} are wanted", wrong.len(), OPTIONS - 1);
            return Err(pair.error("multiple_choices", problem));
        }
        // Where the right option stands says nothing: its place is drawn from the question's
        // number.
        let choice = (split_mix(SEED, number as u64) % OPTIONS as u64) as usize;
        let mut options: Vec<String> = wrong.iter().map(|option| plain(option)).collect();
        options.insert(choice, plain(pair.text("answer")?));
        if let Some(empty) = options.iter().position(String::is_empty) {
            let name = if empty == choice { "answer" } else { "multiple_choices" };
            return Err(pair.error(name, format!("question {number} has an option without a word")));
        }
        let question = pair.text("question")?.trim();
        let part = pair.maybe_text("type")?.or_else(|| word(question));
        out.push(Question {
            id: number.to_string(),
            image: image.clone(),
            image_key: key.to_owned(),
            image_sha256: None,
            prompt: question.to_owned(),
            options,
            gold: gold(json!({ "choice": choice, "part": part })),
        });
    }
    Ok(())
}
