//! Benchmarks as the Hub has them, in the Parquet layouts that lmms-eval's tasks read (0.7.3, MIT). Their prompts, items or order are not
//! always the paper's, so each has an id of its own, is in no aggregate, and has no subset.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::image::Image;
use super::official::id;
use super::parquet::Table;
use super::select::Slim;
use super::{Exposure, Folder, PAPER, Question, SHIPPED, Source, Task, gold, prompts};
use crate::answers::fields::{Fields, InputError, Place};
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
const fn task(
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
        source: Source::Files(read),
        slim: Slim::None,
    }
}

pub(super) static VQAV2: Task = task(
    "vqav2-lmms",
    "VQAv2, lmms-eval's layout",
    214_354,
    &["VQAv2/data/"],
    |folder| questions(folder, "validation-", "image_id", vqav2),
);

pub(super) static VIZWIZ: Task = Task {
    scored_as: "vizwiz",
    ..task(
        "vizwiz-lmms",
        "VizWiz, lmms-eval's layout",
        4_319,
        &["VizWiz-VQA/data/"],
        |folder| questions(folder, "val-", "question_id", vizwiz),
    )
};

pub(super) static TEXTVQA: Task = Task {
    scored_as: "textvqa",
    ..task(
        "textvqa-lmms",
        "TextVQA, lmms-eval's layout",
        5_000,
        &["textvqa/data/"],
        |folder| questions(folder, "validation-", "image_id", textvqa),
    )
};

pub(super) static POPE: Task = Task {
    scored_as: "pope",
    split: "adversarial, popular, random; 3,000 each",
    metric: "accuracy, written",
    ..task(
        "pope-lmms",
        "POPE, lmms-eval's layout",
        9_000,
        &["POPE/data/"],
        |folder| questions(folder, "test-", "image_source", pope),
    )
};

pub(super) static GQA: Task = Task {
    scored_as: "gqa",
    split: "testdev, balanced",
    metric: "exact match",
    ..task(
        "gqa-lmms",
        "GQA, lmms-eval's layout",
        12_578,
        &["GQA/testdev_balanced_instructions/", "GQA/testdev_balanced_images/"],
        gqa,
    )
};

/// Columns that the tasks read.
const COLUMNS: [&str; 13] = [
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
struct Asked {
    id: String,
    prompt: String,
    gold: Map<String, Value>,
}

/// The Parquet files of a folder whose names begin with the split's, in the order of their names.
fn tables(folder: &Folder, at: usize, split: &str) -> Result<Vec<Arc<Table>>, InputError> {
    let root = folder.wanted(at)?;
    let place = Place::file(&root.display().to_string());
    let cannot = |error| InputError::new(&place, format!("cannot be read ({error})"));
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&root).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(split) && name.ends_with(".parquet") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(InputError::new(
            &place,
            format!("holds no file {split}*.parquet; is it the Hub's folder?"),
        ));
    }
    found.iter().map(|path| Table::open(path)).collect()
}

fn questions(
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
                prompt,
                gold,
                id,
            });
        }
    }
    Ok(out)
}

/// Python's `str.capitalize`, as far as questions go.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &python::lower(letters.as_str())
}

fn vqav2(row: &Fields) -> Result<Asked, InputError> {
    let kind = |name: &str| Ok(row.maybe_text(name)?.unwrap_or_default().to_owned());
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short(row.text("question")?),
        gold: gold(json!({
            "answers": row.list("answers", "answers")?,
            "answer_type": kind("answer_type")?,
            "question_type": kind("question_type")?,
        })),
    })
}

fn vizwiz(row: &Fields) -> Result<Asked, InputError> {
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short_or_unanswerable(&capitalised(row.text("question")?)),
        gold: gold(json!({ "answers": row.texts("answers")? })),
    })
}

fn textvqa(row: &Fields) -> Result<Asked, InputError> {
    Ok(Asked {
        id: id(row, "question_id")?,
        prompt: prompts::short(&capitalised(row.text("question")?)),
        gold: gold(json!({ "answers": row.texts("answers")? })),
    })
}

fn pope(row: &Fields) -> Result<Asked, InputError> {
    let setting = row.text("category")?;
    Ok(Asked {
        id: format!("{setting}/{}", id(row, "question_id")?),
        prompt: prompts::short(row.text("question")?.trim()),
        gold: gold(json!({ "label": row.text("answer")?, "setting": setting })),
    })
}

/// Questions, and pictures that stand in files of their own.
fn gqa(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let mut pictures = HashMap::new();
    for table in tables(folder, 1, "testdev-")? {
        for (row, fields) in table.columns(&["id"])?.iter().enumerate() {
            pictures.insert(id(fields, "id")?, (Arc::clone(&table), row));
        }
    }
    let mut out = Vec::new();
    for table in tables(folder, 0, "testdev-")? {
        for fields in table.columns(&COLUMNS)? {
            let picture = id(&fields, "imageId")?;
            let (file, row) = pictures
                .get(&picture)
                .ok_or_else(|| fields.error("imageId", "not among the pictures"))?;
            let known = ["answer", "question", "types", "groups"].into_iter();
            let known = known.filter_map(|name| Some((name.to_owned(), fields.get(name)?.clone())));
            out.push(Question {
                id: id(&fields, "id")?,
                image: Image::Parquet {
                    file: Arc::clone(file),
                    row: *row,
                },
                image_key: picture,
                image_sha256: None,
                prompt: prompts::short(fields.text("question")?),
                gold: known.collect(),
            });
        }
    }
    Ok(out)
}
