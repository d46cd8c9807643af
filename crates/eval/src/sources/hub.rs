//! Benchmarks as the Hub has them, in the Parquet layouts that lmms-eval's tasks read (0.7.3, MIT).
//! Their prompts, items or order are not always the paper's, so each has an id of its own, is in no
//! aggregate, and has no subset.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::image::Image;
use super::parquet::Table;
use crate::answers::fields::{Fields, InputError, Place};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, Question, SHIPPED, Slim, Task};
use crate::python;

/// What models know of these benchmarks is said with the official layouts.
const SEEN: &[Exposure] = &[
    Exposure {
        models: PAPER,
        seen: "as of the official layout",
    },
    Exposure {
        models: SHIPPED,
        seen: "nothing of it",
    },
];

/// What the tasks have in common.
pub(crate) const fn task(
    id: &'static str,
    name: &'static str,
    count: usize,
    files: &'static [&'static str],
    read: fn(&Folder) -> Result<Vec<Question>, InputError>,
) -> Task {
    Task {
        id,
        aliases: &[],
        name,
        split: "val",
        count,
        metric: "soft accuracy",
        files,
        also: &[],
        scored_as: "vqav2",
        choices: &[],
        version: 1,
        exposure: SEEN,
        family: Family::Hub,
        list: None,
        packable: false,
        questions: read,
        slim: Slim::None,
    }
}

/// Columns that the tasks read.
pub(crate) const COLUMNS: [&str; 13] = [
    "id",
    "question_id",
    "question",
    "answers",
    "answer",
    "answer_type",
    "question_type",
    "image_id",
    "image_source",
    "imageId",
    "category",
    "types",
    "groups",
];

/// Id, the user's turn, and gold of a row.
pub(crate) struct Asked {
    pub id: String,
    pub prompt: String,
    pub gold: Map<String, Value>,
}

/// The Parquet files of a folder whose names begin with the split's, in the order of their names.
pub(crate) fn tables(folder: &Folder, at: usize, split: &str) -> Result<Vec<Arc<Table>>, InputError> {
    let root = folder.wanted(at)?;
    let place = Place::file(&root.display().to_string());
    let cannot = |error| InputError::new(&place, format!("cannot be read ({error})"));
    let mut found = root.names().map_err(cannot)?;
    found.retain(|name| name.starts_with(split) && name.ends_with(".parquet"));
    found.sort();
    if found.is_empty() {
        return Err(InputError::new(
            &place,
            format!("holds no file {split}*.parquet; is it the Hub's folder?"),
        ));
    }
    found.iter().map(|name| Table::open(&root.join(name))).collect()
}

pub(crate) fn questions(
    folder: &Folder,
    split: &str,
    picture: &str,
    asked: fn(&Fields) -> Result<Asked, InputError>,
) -> Result<Vec<Question>, InputError> {
    let mut out = Vec::new();
    for table in tables(folder, 0, split)? {
        for (row, fields) in table.columns(&COLUMNS)?.iter().enumerate() {
            let Asked { id, prompt, gold } = asked(fields)?;
            let file = Arc::clone(&table);
            out.push(Question {
                image: Image::Parquet { file, row },
                image_key: fields.maybe_id(&[picture])?.unwrap_or_else(|| id.clone()),
                image_sha256: None,
                options: Vec::new(),
                prompt,
                gold,
                id,
            });
        }
    }
    Ok(out)
}

/// Python's `str.capitalize`, as far as questions go.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &python::lower(letters.as_str())
}
