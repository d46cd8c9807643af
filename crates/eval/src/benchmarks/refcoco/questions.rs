//! RefCOCO, RefCOCO+ and RefCOCOg: expressions for things in COCO's train2014 pictures; a pickle of
//! references and COCO's annotations.

use std::collections::HashMap;
use std::io::Read;

use serde_json::{Value, json};

use crate::answers::fields::{At, Fields, InputError, Place};
use crate::benchmarks::row::{Exposure, Family, Folder, PAPER, SHIPPED, Slim, Task, Together, gold};
use crate::gold::{self as files, Layout};
use crate::sources::data::DataPath;
use crate::sources::item::{Picture, Raw, coco_number, id};
use crate::sources::official;
use crate::sources::{packed, pickle, prompts};

/// Expressions of the three validation splits together, from which the paper's subset is taken.
const TOGETHER: usize = 26_488;

/// A split of a data set. `by`: who made the split.
macro_rules! task {
    ($id:literal, $scorer:literal, $name:literal, $by:literal, $split:literal, $count:literal, $slim:expr) => {
        Task {
            id: $id,
            aliases: &[],
            name: $name,
            split: $split,
            count: $count,
            metric: "accuracy at IoU 0.5",
            files: &[
                concat!("refcoco/", $scorer, "/refs(", $by, ").p"),
                concat!("refcoco/", $scorer, "/instances.json"),
                "refcoco/train2014/",
            ],
            also: &[
                concat!("download/refcoco/", $scorer, "/refs(", $by, ").p"),
                concat!("download/refcoco/", $scorer, "/instances.json"),
                "download/refcoco/train2014/",
            ],
            scored_as: $scorer,
            choices: &[],
            version: 1,
            exposure: SEEN,
            family: Family::Paper,
            list: None,
            packable: true,
            questions: |folder| official::questions(folder, |folder| expressions(folder, $split), prompts::locate),
            slim: $slim,
        }
    };
}

/// What models know of it.
const SEEN: &[Exposure] = &[
    Exposure {
        models: PAPER,
        seen: "the training split",
    },
    Exposure {
        models: SHIPPED,
        seen: "nothing of it, but grounding of categories on 128 other pictures of COCO",
    },
];

const TOGETHER_SLIM: Slim = Slim::Among { slim: 1_024, together };

pub(crate) static VAL: Task = task!("refcoco", "refcoco", "RefCOCO", "unc", "val", 10_834, TOGETHER_SLIM);
pub(crate) static TEST_A: Task = task!("refcoco-testA", "refcoco", "RefCOCO", "unc", "testA", 5_657, Slim::None);
pub(crate) static TEST_B: Task = task!("refcoco-testB", "refcoco", "RefCOCO", "unc", "testB", 5_095, Slim::None);
pub(crate) static PLUS_VAL: Task = task!("refcoco+", "refcoco+", "RefCOCO+", "unc", "val", 10_758, TOGETHER_SLIM);
pub(crate) static PLUS_TEST_A: Task = task!(
    "refcoco+-testA",
    "refcoco+",
    "RefCOCO+",
    "unc",
    "testA",
    5_726,
    Slim::None
);
pub(crate) static PLUS_TEST_B: Task = task!(
    "refcoco+-testB",
    "refcoco+",
    "RefCOCO+",
    "unc",
    "testB",
    4_889,
    Slim::None
);
pub(crate) static G_VAL: Task = task!("refcocog", "refcocog", "RefCOCOg", "umd", "val", 4_896, TOGETHER_SLIM);
pub(crate) static G_TEST: Task = task!(
    "refcocog-test",
    "refcocog",
    "RefCOCOg",
    "umd",
    "test",
    9_602,
    Slim::None
);

/// The parts that the paper's subset is taken from, in its order, and where this task's begins.
fn together(folder: &Folder) -> Result<Together, InputError> {
    let mut parts = Vec::new();
    for task in [&VAL, &PLUS_VAL, &G_VAL] {
        let of_task = Folder {
            root: folder.root,
            task,
        };
        let count = match packed::read(&of_task)? {
            Some(items) => items.len(),
            None => sentences(&references(&of_task.wanted(0)?, "val")?)?,
        };
        parts.extend(std::iter::repeat_n(task.id.to_owned(), count));
    }
    if parts.len() != TOGETHER {
        let problem = format!(
            "{} expressions in the three validation splits, where the official files have {TOGETHER}: the subset is taken from all",
            parts.len()
        );
        return Err(InputError::new(&Place::file(folder.task.id), problem));
    }
    let first = parts.iter().position(|part| part == folder.task.id).unwrap_or_default();
    Ok(Together { parts, first })
}

/// References of a split, in the order of the pickle.
fn references(path: &DataPath, split: &str) -> Result<Vec<Fields>, InputError> {
    let place = Place::file(&path.display().to_string());
    let mut bytes = Vec::new();
    path.stream()
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| InputError::new(&place, format!("cannot be read ({error})")))?;
    let remedy = "is it whole, and the right file?";
    let list = pickle::read(&bytes)
        .map_err(|error| InputError::new(&place, format!("no pickle of data: {error}; {remedy}")))?;
    let Value::Array(list) = list else {
        return Err(InputError::new(&place, format!("not a list of references; {remedy}")));
    };
    let mut out = Vec::new();
    for (at, reference) in list.into_iter().enumerate() {
        let place = place.at(At::Item(at + 1));
        let Value::Object(map) = reference else {
            return Err(InputError::new(&place, format!("not a reference; {remedy}")));
        };
        let fields = Fields { map, place };
        if fields.text("split")? == split {
            out.push(fields);
        }
    }
    Ok(out)
}

fn sentences(references: &[Fields]) -> Result<usize, InputError> {
    let counts = references
        .iter()
        .map(|reference| Ok(reference.list("sentences", "sentences")?.len()));
    counts.sum()
}

/// Boxes (x, y, width, height, px) by annotation and sizes by picture.
struct Instances {
    boxes: HashMap<String, [f64; 4]>,
    sizes: HashMap<u64, [f64; 2]>,
}

impl Instances {
    fn read(path: &DataPath) -> Result<Self, InputError> {
        let (mut boxes, mut sizes) = (HashMap::new(), HashMap::new());
        files::read(path, &[Layout::Under("images")], |_, item| {
            let number = item.get("id").and_then(Value::as_u64);
            let number = number.ok_or_else(|| item.error("id", "missing; is it the right file?"))?;
            sizes.insert(number, [item.size("width")?, item.size("height")?]);
            Ok(())
        })?;
        files::read(path, &[Layout::Under("annotations")], |_, item| {
            let bounds = item.maybe_array("bbox")?;
            boxes.insert(id(&item, "id")?, bounds.ok_or_else(|| item.error("bbox", "missing"))?);
            Ok(())
        })?;
        Ok(Self { boxes, sizes })
    }
}

fn expressions(folder: &Folder, split: &str) -> Result<Vec<Raw>, InputError> {
    let references = references(&folder.wanted(0)?, split)?;
    let instances = Instances::read(&folder.wanted(1)?)?;
    let mut out = Vec::new();
    for reference in &references {
        let picture = coco_number(reference)?;
        let bounds = instances.boxes.get(&id(reference, "ann_id")?);
        let known = bounds.zip(instances.sizes.get(&picture));
        let unknown = "its annotation or picture is not in instances.json; are both files of one data set?";
        let ([x, y, w, h], [width, height]) = known.ok_or_else(|| reference.error("ann_id", unknown))?;
        let bounds = [*x, *y, x + w, y + h];
        if !(bounds[0] < bounds[2] && bounds[2] <= *width && bounds[1] < bounds[3] && bounds[3] <= *height) {
            return Err(reference.error(
                "ann_id",
                format!("its box {bounds:?} is not within {width} x {height} px"),
            ));
        }
        let number = id(reference, "ref_id")?;
        for sentence in reference.list("sentences", "sentences")? {
            let text = sentence.get("sent").and_then(Value::as_str);
            let known = text.zip(sentence.get("sent_id").and_then(Value::as_u64));
            let (text, sentence) =
                known.ok_or_else(|| reference.error("sentences", "one without `sent` and `sent_id`"))?;
            out.push(Raw {
                id: format!("{number}-{sentence}"),
                text: text.to_owned(),
                picture: Picture::Named(format!("COCO_train2014_{picture:012}.jpg")),
                gold: gold(json!({ "box": bounds, "width": width, "height": height })),
            });
        }
    }
    Ok(out)
}
