//! What a benchmark is made of: rules that answers are scored by, and tasks that a model is run on.

use crate::aggregate::Member;
use crate::answers::fields::{InputError, Place};
use crate::scorer::Scorer;
use crate::scoring::bridge::Items;
use crate::scoring::{Files, Scored};
use crate::sources::data::DataPath;
use crate::sources::frozen::List;
use crate::sources::image::Image;
use serde_json::{Map, Value};

/// A benchmark: a row of [`super::BENCHMARKS`], told in one folder.
#[derive(Debug)]
pub struct Benchmark {
    /// Rules that its answers are scored by; none where it is scored by another benchmark's.
    pub rules: &'static [Rule],
    /// Its questions, in the layouts that they are published in; none where others only borrow its
    /// rules.
    pub tasks: &'static [&'static Task],
}

/// A rule that answers are scored by.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// The benchmark's own name.
    pub name: &'static str,
    pub(crate) run: fn(&Files) -> Result<Scored, InputError>,
    pub(crate) bridge: fn(&Items) -> Result<Box<dyn Scorer>, InputError>,
}

/// A rule of the table: the same scoring for files of answers and for runs.
macro_rules! rule {
    ($id:literal, $name:literal, $scoring:expr) => {
        $crate::benchmarks::row::Rule {
            id: $id,
            name: $name,
            run: |files| $crate::scoring::run($scoring, files),
            bridge: |items| $crate::scoring::bridge::bridge($scoring, items),
        }
    };
}
pub(crate) use rule;

impl Rule {
    /// Scores a file of answers.
    ///
    /// # Errors
    /// Files that cannot be read, or that do not belong together.
    pub fn score(self, files: &Files) -> Result<Scored, InputError> {
        let mut scored = (self.run)(files)?;
        scored.summary.task = self.id;
        Ok(scored)
    }
}

/// Which list of `sightline tasks` a task stands in; lists come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// The paper's benchmarks in their official layouts.
    Paper,
    /// The same as the Hub has them.
    Hub,
    /// Other benchmarks, most of them ours.
    Other,
    /// Parts of official benchmarks, on the pictures that are at hand.
    Partial,
}

/// A set of questions that a model can be run on.
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
    /// The same files as the paper's evaluation code downloads them, in the same order; none where
    /// it does not know the task.
    pub also: &'static [&'static str],
    /// Id of the [`Rule`] that its answers are scored by.
    pub scored_as: &'static str,
    /// Choices whose probabilities are the answer; none where it is written.
    pub choices: &'static [&'static str],
    /// Number of the version: another one where prompt, gold or items change.
    pub version: u32,
    /// What models have seen of it.
    pub exposure: &'static [Exposure],
    /// The list it stands in.
    pub family: Family,
    /// The frozen list that its questions are read from, where there is one.
    pub(crate) list: Option<List>,
    /// Whether its files may be there repacked, see [`crate::sources::packed`].
    pub(crate) packable: bool,
    /// Reads its questions, in the task's order.
    pub(crate) questions: fn(&Folder) -> Result<Vec<Question>, InputError>,
    pub(crate) slim: Slim,
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
pub(crate) const SHIPPED: &str = "sightline-vmamba-tiny, sightline-vit-tiny";

/// Those that the paper trains, on LLaVA 1.5's mixture.
pub(crate) const PAPER: &str = "the paper's models";

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
    /// Answers to choose from, where the question has its own; none where the answer is written, or
    /// one of the task's choices.
    pub options: Vec<String>,
    /// Gold, in the fields of a self-contained line of `sightline score`.
    pub gold: Map<String, Value>,
}

/// Subsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subset {
    /// All.
    Full,
    /// 1,024 of every part, as the paper's code takes them; about 256 of our own tasks.
    Slim,
    /// The larger subsets of VQAv2 (16,384) and TallyQA (8,192 of each part).
    Subsampled,
}

impl Subset {
    /// Every subset.
    pub const ALL: [Self; 3] = [Self::Full, Self::Slim, Self::Subsampled];

    /// What stands behind the task's id.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Full => "-full",
            Self::Slim => "-slim",
            Self::Subsampled => "-subsampled",
        }
    }
}

/// Questions of several tasks.
pub(crate) struct Together {
    /// The part of every question.
    pub parts: Vec<String>,
    /// Where those of the task begin that is asked about.
    pub first: usize,
}

/// How a task's subsets are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slim {
    /// There are none.
    None,
    /// As the paper's code takes them: so many of every part, in an order that Python's generator
    /// decides over all questions.
    Paper {
        /// Of every part, in `-slim`.
        slim: usize,
        /// Of every part, in `-subsampled`.
        subsampled: Option<usize>,
        /// The field of gold that says which part.
        part: Option<&'static str>,
    },
    /// The same, taken from this task and others together.
    Among {
        /// Of every part.
        slim: usize,
        /// All these tasks.
        together: fn(&Folder) -> Result<Together, InputError>,
    },
    /// Ours: as many of every answer, in the same order.
    Answers,
}

/// The folder with the data.
pub(crate) struct Folder<'a> {
    pub root: &'a DataPath,
    pub task: &'a Task,
}

impl Folder<'_> {
    /// A file that must be there.
    pub(crate) fn file(&self, name: &str) -> Result<DataPath, InputError> {
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
    pub(crate) fn wanted(&self, at: usize) -> Result<DataPath, InputError> {
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
    pub(crate) fn pictures(&self) -> Result<DataPath, InputError> {
        self.wanted(self.task.files.len() - 1)
    }
}

impl Task {
    /// Whether its answers are boxes, which the dense head gives as well: all of them count from an
    /// IoU on.
    pub fn asks_for_boxes(&self) -> bool {
        self.metric.contains("IoU")
    }

    /// Files that are wanted, but not there.
    pub fn missing(&self, data: impl Into<DataPath>) -> Vec<&'static str> {
        let data = data.into();
        let packed = |end: &str| data.join(format!("{}{end}", self.id)).exists();
        if self.packable && packed(".parquet") && packed("-pictures.parquet") {
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
        match &self.list {
            Some(list) => format!("{}-{}", self.version, list.hash()),
            None => self.version.to_string(),
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

/// The fields of a JSON object.
pub(crate) fn gold(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
