//! Tasks that a model can be run on: questions, pictures and gold, from the files that their makers publish. One file a benchmark, one table
//! ([`TASKS`]).
//!
//! Nothing is downloaded: `--data` names a folder, and every task says which files it wants there ([`Task::files`]).

mod caltech101;
mod coco256;
mod daquar;
mod gqa;
mod hub;
mod image;
mod imagenette;
pub mod interval;
pub mod lists;
mod mosaic;
mod mosaics;
mod nlvr;
mod ocid_ref;
mod official;
mod packed;
pub mod parquet;
pub mod pickle;
mod pope;
pub mod prompts;
mod refcoco;
mod select;
mod sugarcrepe;
mod tallyqa;
mod textvqa;
mod tiny_imagenet;
mod vizwiz;
mod vqav2;
mod vsr;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use self::image::{Image, ImageError};
pub use mosaic::{Composition, Tile};
pub use select::{Select, Subset};

use crate::aggregate::Member;
use crate::answers::fields::{InputError, Place};
use crate::run::{Item, Scorer};
use crate::score::geometry::Transform;
use crate::task::bridge::Items;
use interval::{Group, WithInterval};
use lists::List;
use official::Official;
use select::Slim;

/// Every task.
pub static TASKS: &[&Task] = &[
    &vqav2::TASK,
    &gqa::TASK,
    &vizwiz::TASK,
    &textvqa::PURE,
    &textvqa::OCR_TASK,
    &pope::TASK,
    &tallyqa::TASK,
    &vsr::TASK,
    &refcoco::VAL,
    &refcoco::TEST_A,
    &refcoco::TEST_B,
    &refcoco::PLUS_VAL,
    &refcoco::PLUS_TEST_A,
    &refcoco::PLUS_TEST_B,
    &refcoco::G_VAL,
    &refcoco::G_TEST,
    &ocid_ref::TASK,
    &hub::VQAV2,
    &hub::GQA,
    &hub::VIZWIZ,
    &hub::TEXTVQA,
    &hub::POPE,
    &imagenette::TASK,
    &tiny_imagenet::TASK,
    &caltech101::TASK,
    &coco256::PRESENCE,
    &coco256::COUNT,
    &coco256::GROUND,
    &mosaics::PRESENCE,
    &mosaics::RELATION,
    &mosaics::COUNT,
    &mosaics::GROUND,
    &daquar::TASK,
    &nlvr::DEV,
    &nlvr::TEST,
    &pope::ON_COCO256,
    &vqav2::ON_COCO256,
    &vsr::ON_COCO256,
    &sugarcrepe::TASK,
];

/// A task of the table.
#[derive(Debug)]
pub struct Task {
    /// Its id. With `-slim` or `-full` behind it, it names a subset as well.
    pub id: &'static str,
    /// Other names, without `-slim` or `-full`: those of the paper's evaluation code among them.
    pub aliases: &'static [&'static str],
    /// What it is, in a few words.
    pub name: &'static str,
    /// Its split.
    pub split: &'static str,
    /// Questions in full.
    pub count: usize,
    /// What is measured.
    pub metric: &'static str,
    /// Files it wants in the data folder; a folder ends in `/`. Folders of pictures come last.
    pub files: &'static [&'static str],
    /// The same files as the paper's evaluation code downloads them, in the same order; none where it does not know the task.
    pub also: &'static [&'static str],
    /// Scorer, by its id in [`crate::task::TASKS`].
    pub scored_as: &'static str,
    /// Choices whose probabilities are the answer; none where it is written.
    pub choices: &'static [&'static str],
    /// Number of the version: another one where prompt, gold or items change.
    pub version: u32,
    /// What models have seen of it.
    pub exposure: &'static [Exposure],
    source: Source,
    slim: Slim,
}

/// What models have seen of a task in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exposure {
    /// Which models.
    pub models: &'static str,
    /// What they have seen.
    pub seen: &'static str,
}

/// The two models that this project ships.
const SHIPPED: &str = "sightline-vmamba-tiny, sightline-vit-tiny";

/// Those that the paper trains, on LLaVA 1.5's mixture.
const PAPER: &str = "the paper's models";

/// Where questions come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A frozen list, and which fields of its items are gold.
    List(List, &'static [&'static str]),
    /// An official layout.
    Official(Official),
    /// Published files.
    Files(fn(&Folder) -> Result<Vec<Question>, InputError>),
}

/// How a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In words.
    Text,
    /// By the probabilities of these at the first token of the answer.
    Choices(Vec<String>),
}

/// A question about a picture.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id; no other question of the task has it.
    pub id: String,
    /// The picture.
    pub image: Image,
    /// The same for all questions about one picture.
    pub image_key: String,
    /// SHA-256 of the encoded picture, where the task fixes it one by one.
    pub image_sha256: Option<String>,
    /// The user's whole turn.
    pub prompt: String,
    /// Gold, in the fields of a self-contained line of `sightline score`.
    pub gold: Map<String, Value>,
}

/// A task with its questions.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Id of the task, with its subset.
    pub id: String,
    /// Its version: a number, and the hash of the list where it is frozen.
    pub version: String,
    /// The member of the aggregates that it is, if it is loaded in full.
    pub aggregate: Option<Member>,
    /// Scorer, by its id in [`crate::task::TASKS`].
    pub scored_as: &'static str,
    /// How a model answers.
    pub mode: Mode,
    /// How the model sees pictures, which decides the frame that boxes are compared in. At first `letterbox`, as the shipped models have
    /// it; to be set to the model's own.
    pub transform: Transform,
    /// Questions, in the task's order.
    pub questions: Vec<Question>,
}

impl Loaded {
    /// The questions as a run wants them.
    pub fn items(&self) -> Vec<Item> {
        let item = |question: &Question| Item {
            id: question.id.clone(),
            image_sha256: question.image_sha256.clone(),
        };
        self.questions.iter().map(item).collect()
    }
}

/// The folder with the data.
pub(crate) struct Folder<'a> {
    root: &'a Path,
    task: &'a Task,
}

impl Folder<'_> {
    /// A file that must be there.
    fn file(&self, name: &str) -> Result<PathBuf, InputError> {
        let path = self.root.join(name);
        if path.exists() {
            return Ok(path);
        }
        let place = Place::file(&path.display().to_string());
        let problem = format!(
            "missing; {} wants {} in the data folder",
            self.task.id,
            self.task.files.join(" and ")
        );
        Err(InputError::new(&place, problem))
    }

    /// The file with this number, under either of its names.
    fn wanted(&self, at: usize) -> Result<PathBuf, InputError> {
        let other = self
            .task
            .also
            .get(at)
            .map(|name| self.root.join(name))
            .filter(|path| path.exists());
        match self.file(self.task.files[at]) {
            Err(error) => other.ok_or(error),
            found => found,
        }
    }

    /// The folder of pictures.
    fn pictures(&self) -> Result<PathBuf, InputError> {
        self.wanted(self.task.files.len() - 1)
    }
}

impl Task {
    /// The task with this id or alias, and the subset that is named with it.
    pub fn find(id: &str) -> Option<(&'static Self, Option<Subset>)> {
        let plain = |id: &str| {
            let mut tasks = TASKS.iter().copied();
            tasks.find(|task| task.id == id || task.aliases.contains(&id))
        };
        if let Some(task) = plain(id) {
            return Some((task, None));
        }
        Subset::ALL.into_iter().find_map(|subset| {
            let task = plain(id.strip_suffix(subset.suffix())?)?;
            Some((task, Some(subset)))
        })
    }

    /// Files that are wanted, but not there.
    pub fn missing(&self, data: &Path) -> Vec<&'static str> {
        let packed = |end: &str| data.join(format!("{}{end}", self.id)).exists();
        if matches!(self.source, Source::Official(_)) && packed(".parquet") && packed("-pictures.parquet") {
            return Vec::new();
        }
        let mut missing = Vec::new();
        for (at, name) in self.files.iter().copied().enumerate() {
            let is_there = |name: &str| data.join(name).exists();
            if !is_there(name) && !self.also.get(at).is_some_and(|other| is_there(other)) {
                missing.push(name);
            }
        }
        missing
    }

    /// Its version: a number, and the hash of the list where it is frozen.
    pub fn full_version(&self) -> String {
        match &self.source {
            Source::List(list, _) => format!("{}-{}", self.version, list.hash()),
            Source::Official(_) | Source::Files(_) => self.version.to_string(),
        }
    }

    /// Its subsets, beside all of it.
    pub fn subsets(&self) -> &'static [Subset] {
        match self.slim {
            Slim::None => &[],
            Slim::Paper {
                subsampled: Some(_), ..
            } => &[Subset::Slim, Subset::Subsampled],
            Slim::Paper { .. } | Slim::Among { .. } | Slim::Answers => &[Subset::Slim],
        }
    }

    /// The member of the aggregates that it is.
    pub fn member(&self) -> Option<Member> {
        let mut members = crate::aggregate::VQA.into_iter().chain(crate::aggregate::LOC);
        members.find(|member| member.task == self.id)
    }
}

/// Loads a task: its questions in the task's order, or the selected ones of them.
pub fn load(id: &str, data: &Path, select: &Select) -> Result<Loaded, InputError> {
    let unknown = || InputError::new(&Place::file(id), "no such task; `sightline tasks` lists them");
    let (task, named) = Task::find(id).ok_or_else(unknown)?;
    let subset = select.subset.or(named).unwrap_or(Subset::Full);
    let folder = Folder { root: data, task };
    let mut questions = match &task.source {
        Source::List(list, gold) => list.questions(&folder, gold)?,
        Source::Official(official) => official.questions(&folder)?,
        Source::Files(read) => read(&folder)?,
    };
    unique(task, &questions)?;
    let whole = questions.len() == task.count;
    task.slim.take(&folder, subset, &mut questions)?;
    let full = questions.len();
    select.narrow(task, &mut questions)?;
    let loaded = Loaded {
        id: match subset {
            Subset::Full => task.id.to_owned(),
            part => format!("{}{}", task.id, part.suffix()),
        },
        version: task.full_version(),
        aggregate: task
            .member()
            .filter(|_| subset == Subset::Full && whole && questions.len() == full),
        scored_as: task.scored_as,
        mode: match task.choices {
            [] => Mode::Text,
            choices => Mode::Choices(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        },
        transform: Transform {
            policy: Some("letterbox".to_owned()),
            target_resolution: None,
        },
        questions,
    };
    // Gold that cannot be scored is to be found before a model runs, not after.
    scorer(&loaded)?;
    Ok(loaded)
}

/// The scorer of a task's runs.
pub fn scorer(loaded: &Loaded) -> Result<Box<dyn Scorer>, InputError> {
    let unknown = || InputError::new(&Place::file(&loaded.id), format!("no scorer `{}`", loaded.scored_as));
    let task = crate::task::Task::find(loaded.scored_as).ok_or_else(unknown)?;
    let gold = loaded
        .questions
        .iter()
        .map(|question| (question.id.as_str(), &question.gold));
    let inner = task.scorer(&Items {
        task: &loaded.id,
        gold: gold.collect(),
        transform: &loaded.transform,
    })?;
    let group = |question: &Question| (question.id.clone(), Group::of(question));
    Ok(Box::new(WithInterval {
        inner,
        groups: loaded.questions.iter().map(group).collect(),
    }))
}

/// The fields of a JSON object.
fn gold(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Whether no id stands for two questions.
fn unique(task: &Task, questions: &[Question]) -> Result<(), InputError> {
    let mut known = HashSet::new();
    match questions.iter().find(|question| !known.insert(question.id.as_str())) {
        None => Ok(()),
        Some(twice) => {
            let problem = format!("the id `{}` stands for two questions; is a file there twice?", twice.id);
            Err(InputError::new(&Place::file(task.id), problem))
        }
    }
}
