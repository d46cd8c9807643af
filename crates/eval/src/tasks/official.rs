//! What the official layouts have in common: items in files of JSON, pictures in a folder.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::image::Image;
use super::parquet::Table;
use super::{Folder, Question};
use crate::answers::fields::{Fields, InputError, Place};

/// How an official benchmark is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Official {
    /// Its items, in the order of the official file.
    pub read: fn(&Folder) -> Result<Vec<Raw>, InputError>,
    /// The user's turn, from the text of an item.
    pub prompt: fn(&str) -> String,
}

/// An item before it is a question.
pub(super) struct Raw {
    pub id: String,
    /// Question, statement or expression.
    pub text: String,
    pub picture: Picture,
    pub gold: Map<String, Value>,
}

/// Where an item's picture is.
pub(super) enum Picture {
    /// A name within the task's folder of pictures, which is the last of its files.
    Named(String),
    /// A row of a Parquet file, and a name that all items about it have.
    Row(Arc<Table>, usize, String),
}

impl Official {
    /// The task's questions.
    pub(super) fn questions(&self, folder: &Folder) -> Result<Vec<Question>, InputError> {
        let items = match super::packed::read(folder)? {
            Some(items) => items,
            None => (self.read)(folder)?,
        };
        let mut pictures: Option<PathBuf> = None;
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let (image, image_key) = match item.picture {
                Picture::Row(file, row, key) => (Image::Parquet { file, row }, key),
                Picture::Named(name) => {
                    let root = match &pictures {
                        Some(known) => known,
                        None => pictures.insert(folder.pictures()?),
                    };
                    if !Path::new(&name)
                        .components()
                        .all(|part| matches!(part, Component::Normal(_)))
                    {
                        let problem = format!("{} names the picture `{name}`, which is outside the folder", item.id);
                        return Err(InputError::new(&Place::file(folder.task.id), problem));
                    }
                    (Image::File(root.join(&name)), name)
                }
            };
            out.push(Question {
                id: item.id,
                image,
                image_key,
                image_sha256: None,
                prompt: (self.prompt)(&item.text).trim().to_owned(),
                gold: item.gold,
            });
        }
        Ok(out)
    }
}

/// An id that must be there.
pub(super) fn id(item: &Fields, name: &str) -> Result<String, InputError> {
    let found = item.maybe_id(&[name])?;
    found.ok_or_else(|| item.error(name, "missing; is it the right file?"))
}

/// COCO's number of a picture.
pub(super) fn coco_number(item: &Fields) -> Result<u64, InputError> {
    let number = item.get("image_id").and_then(Value::as_u64);
    number.ok_or_else(|| item.error("image_id", "missing, or no whole number; is it the right file?"))
}
