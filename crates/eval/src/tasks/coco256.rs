//! Presence, counting and grounding on the 128 pictures of COCO's val2017 that are at hand.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::image::Image;
use super::lists::{List, list};
use super::parquet::Table;
use super::select::Slim;
use super::{Exposure, Folder, SHIPPED, Source, Task};
use crate::answers::fields::InputError;

/// What the shipped models know of COCO.
pub(super) const SEEN: &[Exposure] = &[Exposure {
    models: SHIPPED,
    seen: "presence and grounding on 128 pictures of train2017",
}];

const FILES: &[&str] = &["coco256.parquet"];

/// What the three have in common.
const fn task(id: &'static str, name: &'static str, count: usize) -> Task {
    Task {
        id,
        aliases: &[],
        name,
        split: "val2017, 128 pictures",
        count,
        metric: "exact match",
        files: FILES,
        also: &[],
        scored_as: "exact",
        choices: &[],
        version: 1,
        exposure: SEEN,
        source: Source::List(list!("presence-coco"), &["answer"]),
        slim: Slim::Answers,
    }
}

pub(super) const PRESENCE: Task = task("presence-coco", "Presence, COCO", 484);

pub(super) const COUNT: Task = Task {
    source: Source::List(list!("count-coco"), &["answer"]),
    exposure: &[Exposure {
        models: SHIPPED,
        seen: "no counting on COCO; presence and grounding on 128 pictures of train2017",
    }],
    ..task("count-coco", "Counting, COCO", 60)
};

pub(super) const GROUND: Task = Task {
    metric: "accuracy at IoU 0.5",
    scored_as: "boxes",
    source: Source::List(list!("ground-coco"), &["box", "width", "height"]),
    ..task("ground-coco", "Grounding, COCO", 89)
};

/// The 256 pictures.
pub(super) struct Pictures {
    table: Arc<Table>,
    rows: HashMap<u64, usize>,
}

impl Pictures {
    /// Reads which picture is where.
    pub(super) fn open(folder: &Folder) -> Result<Self, InputError> {
        let table = Table::open(&folder.file(FILES[0])?)?;
        let mut rows = HashMap::new();
        for (row, fields) in table.columns(&["image_id"])?.iter().enumerate() {
            let id = fields.get("image_id").and_then(Value::as_u64);
            rows.insert(id.ok_or_else(|| fields.error("image_id", "missing"))?, row);
        }
        Ok(Self { table, rows })
    }

    /// A picture, and its key, by COCO's number.
    pub(super) fn by_id(&self, id: u64) -> Option<(Image, String)> {
        let row = *self.rows.get(&id)?;
        let file = Arc::clone(&self.table);
        Some((Image::Parquet { file, row }, format!("coco/{id}")))
    }

    /// The same by a file's name, whose last digits are that number.
    pub(super) fn by_name(&self, name: &str) -> Option<(Image, String)> {
        let stem = name.rsplit('/').next()?.split('.').next()?;
        self.by_id(stem.rsplit('_').next()?.parse().ok()?)
    }
}
