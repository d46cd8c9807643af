//! Parquet files with a picture per row, and what is asked about it beside it.

use std::sync::Arc;

use serde_json::Value;

use super::image::Image;
use super::parquet::Table;
use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::{Folder, Question, gold};

/// A question about the picture of a row.
pub(crate) struct Asked {
    /// Id of the question.
    pub(crate) id: String,
    /// Key of the picture: questions about one picture have the same.
    pub(crate) image_key: String,
    /// The whole turn of the user.
    pub(crate) prompt: String,
    /// What the rule compares with: an object.
    pub(crate) gold: Value,
}

/// The questions that `asked` reads from each row of a file. `columns` are those that it needs.
///
/// # Errors
/// [`InputError`] names the file: it is missing or no such table, or `asked` refuses a row.
pub(crate) fn questions(
    folder: &Folder,
    file: &str,
    columns: &[&str],
    asked: impl Fn(&Fields) -> Result<Vec<Asked>, InputError>,
) -> Result<Vec<Question>, InputError> {
    let table = Table::open(&folder.file(file)?)?;
    let mut out = Vec::new();
    for (row, picture) in table.columns(columns)?.iter().enumerate() {
        out.extend(asked(picture)?.into_iter().map(|one| Question {
            id: one.id,
            image: Image::Parquet {
                file: Arc::clone(&table),
                row,
            },
            image_key: one.image_key,
            image_sha256: None,
            options: Vec::new(),
            prompt: one.prompt,
            gold: gold(one.gold),
        }));
    }
    Ok(out)
}
