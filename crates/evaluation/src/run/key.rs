//! What decides the answers of a run, and whether a folder holds the same run.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sightline_eval::tasks::Loaded;

use super::difference::Difference;
use super::disk::{self, Disk};
use super::error::RunError;
use super::item::Item;
use super::names::KEY;
use super::shard::Shard;

/// All that decides the answers of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunKey {
    /// SHA-256 of every file of the model, by name.
    pub model: BTreeMap<String, String>,
    /// How pictures are prepared.
    pub transform: String,
    /// Id of the task.
    pub task: String,
    /// Version of the task: items, prompts and their order.
    pub task_version: String,
    /// Template of the prompt.
    pub prompt: String,
    /// Settings of the generation, by name.
    pub generation: BTreeMap<String, String>,
    /// What is taken from the model: text, or which probabilities.
    pub scoring: String,
    /// Number format of the arithmetic.
    pub dtype: String,
    /// What computes.
    pub backend: String,
    /// Version of the kernels.
    pub kernels: String,
    /// Samples of a batch. Arithmetic may depend on it.
    pub batch_size: usize,
    /// What is asked.
    pub items: Items,
    /// How the questions were brought into their order, where that is not the task's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// SHA-256 over prompt, options and gold of every question; none in runs of a version that did
    /// not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questions: Option<String>,
}

/// The list of what is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// How many.
    pub count: usize,
    /// SHA-256 over ids in their order and pictures as far as they are fixed.
    pub sha256: String,
}

impl Items {
    /// Of these items; their ids must differ.
    ///
    /// # Errors
    /// Two items with one id.
    pub fn of(items: &[Item]) -> Result<Self, RunError> {
        let mut ids = HashSet::new();
        let mut hasher = Fields::new("items");
        for item in items {
            if !ids.insert(&item.id) {
                return Err(RunError::Plan(format!("the id {} stands for two items", item.id)));
            }
            hasher.add(&item.id);
            hasher.add(item.image_sha256.as_deref().unwrap_or(""));
        }
        Ok(Self {
            count: items.len(),
            sha256: hasher.hex(),
        })
    }
}

impl RunKey {
    /// Hash of all fields, lower-case hex.
    pub fn hash(&self) -> String {
        let mut hasher = Fields::new("run");
        // Fields in the order of their declaration, names of maps sorted: the text is a function of
        // the content.
        hasher.add(&serde_json::to_string(self).expect("texts and numbers become JSON"));
        hasher.hex()
    }

    /// Every field in which another run differs: its value there, and the one of this run.
    pub fn differences(&self, there: &Self) -> Vec<Difference> {
        differences(there, None, self, None)
    }
}

/// SHA-256 over prompt, gold and options of every question, for [`RunKey::questions`].
pub fn questions_sha256(loaded: &Loaded) -> String {
    let mut hasher = Fields::new("questions");
    for question in &loaded.questions {
        hasher.add(&(2 + question.options.len()).to_string());
        hasher.add(&question.prompt);
        // Fields of gold are in the order of their names.
        hasher.add(&Value::from(question.gold.clone()).to_string());
        question.options.iter().for_each(|option| hasher.add(option));
    }
    hasher.hex()
}

/// Key of a sample: the run, the question, the picture.
pub(crate) fn sample_key(run: &str, id: &str, image: Option<&str>) -> String {
    let mut hasher = Fields::new("sample");
    hasher.add(run);
    hasher.add(id);
    hasher.add(image.unwrap_or(""));
    hasher.hex()
}

/// SHA-256 over texts, each with its length: no two lists of texts give the same bytes.
struct Fields(Sha256);

impl Fields {
    fn new(domain: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.add(domain);
        fields
    }

    fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `key.json`: which run a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFile {
    pub run_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// How many samples from the start are wanted; none for all. A later run of more goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    pub fields: RunKey,
}

impl KeyFile {
    pub(crate) fn new(key: &RunKey, shard: Option<Shard>, limit: Option<usize>) -> Self {
        Self {
            run_key: key.hash(),
            shard,
            limit: limit.filter(|limit| *limit < key.items.count),
            fields: key.clone(),
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.limit.unwrap_or(self.fields.items.count)
    }

    /// Number of samples of a batch.
    pub(crate) fn batch_len(&self, batch: usize) -> usize {
        let size = self.fields.batch_size;
        size.min(self.len() - batch * size)
    }

    /// Batches of the run, or of its shard.
    pub(crate) fn batches(&self) -> impl Iterator<Item = usize> {
        let shard = self.shard;
        let all = 0..self.len().div_ceil(self.fields.batch_size);
        all.filter(move |&batch| shard.is_none_or(|shard| shard.has(batch)))
    }

    /// Whether it is the run of a folder with more samples.
    pub(crate) fn extends(&self, there: &Self) -> bool {
        there.len() < self.len() && self.shard == there.shard && self.fields == there.fields
    }

    /// The key of a folder; none where there is no run yet.
    pub(crate) async fn read(disk: &impl Disk, folder: &Path) -> Result<Option<Self>, RunError> {
        let path = folder.join(KEY);
        let Some(bytes) = disk.read(&path).await.map_err(RunError::disk("read", &path))? else {
            return Ok(None);
        };
        Self::parse(&path, &bytes).map(Some)
    }

    /// The key in the bytes of a file.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, RunError> {
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|error| RunError::damaged(path, error.line(), format!("not a key of a run ({error})")))?;
        if file.fields.batch_size == 0 || file.run_key != file.fields.hash() {
            return Err(RunError::damaged(path, 1, "the hash is not that of the fields"));
        }
        Ok(file)
    }

    pub(crate) async fn write(&self, disk: &impl Disk, folder: &Path) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(self).expect("texts and numbers become JSON");
        text.push('\n');
        disk::replace(disk, folder, KEY, text.as_bytes()).await
    }

    /// An error that names every field in which the key of a folder is another one.
    pub(crate) fn must_equal(&self, there: &Self, folder: &Path) -> Result<(), RunError> {
        let mut differences = differences(&there.fields, there.shard, &self.fields, self.shard);
        if self.limit != there.limit {
            let text = |limit: Option<usize>| limit.map_or("all".to_owned(), |limit| limit.to_string());
            differences.push(Difference {
                field: "limit".to_owned(),
                there: text(there.limit),
                here: text(self.limit),
            });
        }
        if differences.is_empty() {
            return Ok(());
        }
        let folder = folder.to_owned();
        Err(RunError::Other { folder, differences })
    }
}

/// Every field in which two runs differ.
fn differences(
    there: &RunKey,
    there_shard: Option<Shard>,
    here: &RunKey,
    here_shard: Option<Shard>,
) -> Vec<Difference> {
    let flat = |key: &RunKey, shard: Option<Shard>| {
        let mut fields = BTreeMap::new();
        let value = serde_json::to_value(key).expect("texts and numbers become JSON");
        flatten("", &value, &mut fields);
        let shard = shard.map_or("the whole run".to_owned(), |shard| shard.to_string());
        fields.insert("shard".to_owned(), shard);
        fields
    };
    let (there, here) = (flat(there, there_shard), flat(here, here_shard));
    let mut names: Vec<&String> = there.keys().chain(here.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |fields: &BTreeMap<String, String>, name| fields.get(name).cloned().unwrap_or("missing".to_owned());
    names
        .into_iter()
        .map(|name| Difference {
            field: name.clone(),
            there: value(&there, name),
            here: value(&here, name),
        })
        .filter(|difference| difference.there != difference.here)
        .collect()
}

/// Names of nested fields are joined with points.
fn flatten(name: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, fields);
            }
        }
        value => {
            fields.insert(name.to_owned(), value.to_string());
        }
    }
}
