//! The pictures of COCO at hand, which several benchmarks ask about.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::image::Image;
use super::parquet::Table;
use crate::answers::fields::InputError;
use crate::benchmarks::row::{Exposure, Folder, SHIPPED};

/// The file with the pictures.
pub(crate) const FILE: &str = "coco256.parquet";

/// What the shipped models know of COCO.
pub(crate) const SEEN: &[Exposure] = &[Exposure {
    models: SHIPPED,
    seen: "presence and grounding on 128 pictures of train2017",
}];

/// The 256 pictures.
pub(crate) struct Pictures {
    table: Arc<Table>,
    rows: HashMap<u64, usize>,
}

impl Pictures {
    /// Reads which picture is where.
    pub(crate) fn open(folder: &Folder) -> Result<Self, InputError> {
        let table = Table::open(&folder.file(FILE)?)?;
        let mut rows = HashMap::new();
        for (row, fields) in table.columns(&["image_id"])?.iter().enumerate() {
            let id = fields.get("image_id").and_then(Value::as_u64);
            rows.insert(id.ok_or_else(|| fields.error("image_id", "missing"))?, row);
        }
        Ok(Self { table, rows })
    }

    /// A picture, and its key, by COCO's number.
    pub(crate) fn by_id(&self, id: u64) -> Option<(Image, String)> {
        let row = *self.rows.get(&id)?;
        let file = Arc::clone(&self.table);
        Some((Image::Parquet { file, row }, format!("coco/{id}")))
    }

    /// The same by a file's name, whose last digits are that number.
    pub(crate) fn by_name(&self, name: &str) -> Option<(Image, String)> {
        let stem = name.rsplit('/').next()?.split('.').next()?;
        self.by_id(stem.rsplit('_').next()?.parse().ok()?)
    }
}
