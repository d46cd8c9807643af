//! Items of official benchmarks before they are questions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::parquet::Table;
use crate::answers::fields::{Fields, InputError};

/// An item of an official file, from which a question is made.
pub(crate) struct Raw {
    pub id: String,
    /// Question, statement or expression.
    pub text: String,
    pub picture: Picture,
    pub gold: Map<String, Value>,
}

/// Where an item's picture is.
pub(crate) enum Picture {
    /// A name within the task's folder of pictures, which is the last of its files.
    Named(String),
    /// A row of a Parquet file, and a name that all items about it have.
    Row(Arc<Table>, usize, String),
}

/// An id that must be there.
pub(crate) fn id(item: &Fields, name: &str) -> Result<String, InputError> {
    let found = item.maybe_id(&[name])?;
    found.ok_or_else(|| item.error(name, "missing; is it the right file?"))
}

/// COCO's number of a picture.
pub(crate) fn coco_number(item: &Fields) -> Result<u64, InputError> {
    let number = item.get("image_id").and_then(Value::as_u64);
    number.ok_or_else(|| item.error("image_id", "missing, or no whole number; is it the right file?"))
}
