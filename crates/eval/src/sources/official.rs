//! Official benchmarks: items in files of JSON, pictures in a folder, or both repacked.

use std::path::{Component, Path};

use super::data::DataPath;
use super::image::Image;
use super::item::{Picture, Raw};
use super::packed;
use crate::answers::fields::{InputError, Place};
use crate::benchmarks::row::{Folder, Question};

/// Questions of an official benchmark.
///
/// `read` gives its items in the order of the official file; `prompt` the user's turn, from the
/// text of an item.
pub(crate) fn questions(
    folder: &Folder,
    read: fn(&Folder) -> Result<Vec<Raw>, InputError>,
    prompt: fn(&str) -> String,
) -> Result<Vec<Question>, InputError> {
    let items = match packed::read(folder)? {
        Some(items) => items,
        None => read(folder)?,
    };
    let mut pictures: Option<DataPath> = None;
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let (image, image_key) = match item.picture {
            Picture::Row(file, row, key) => (Image::Parquet { file, row }, key),
            Picture::Named(name) => {
                let root = match &pictures {
                    Some(known) => known,
                    None => pictures.insert(folder.pictures()?),
                };
                let Some(path) = inside(root, &name) else {
                    let problem = format!("{} names the picture `{name}`, which is outside the folder", item.id);
                    return Err(InputError::new(&Place::file(folder.task.id), problem));
                };
                (Image::File(path), name)
            }
        };
        out.push(Question {
            id: item.id,
            image,
            image_key,
            image_sha256: None,
            options: Vec::new(),
            prompt: prompt(&item.text).trim().to_owned(),
            gold: item.gold,
        });
    }
    Ok(out)
}

/// The file with this name in a folder; none where the name leads out of it.
pub(crate) fn inside(folder: &DataPath, name: &str) -> Option<DataPath> {
    let stays = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    stays.then(|| folder.join(name))
}
