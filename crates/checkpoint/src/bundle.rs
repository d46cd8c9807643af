//! The files that a browser downloads: the manifest, and every file of its models in parts that are
//! named by their hash.
//!
//! `bundle.json` lies beside the folder `parts`. A part has at most [`PART_BYTES`] bytes. So no
//! server needs range requests, and a broken download costs little. A part that two versions share
//! is not fetched again.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::manifest::{Manifest, ManifestError};

#[cfg(not(target_arch = "wasm32"))]
mod write;
#[cfg(not(target_arch = "wasm32"))]
pub use write::{BundleWriteError, write};

/// The version of the format that this code reads.
pub const VERSION: u32 = 1;
/// Largest number of bytes in a part.
pub const PART_BYTES: u64 = 16 << 20;
/// Largest number of parts in a file: 64 GiB in all, more than any browser holds.
const MAX_PARTS: usize = 4096;

/// The reason why the list of a bundle cannot be used.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Not JSON, a missing or unknown field, or a value of the wrong type.
    #[error("{file} is not a sound list of files: {source}; build the page again")]
    Json {
        /// File name.
        file: String,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A version other than [`VERSION`].
    #[error("{file} has version {found}, this page reads version {VERSION}; reload the page")]
    Version {
        /// File name.
        file: String,
        /// Version in the file.
        found: u64,
    },
    /// A field whose value cannot be used.
    #[error("{file}: {field}: {problem}; build the page again")]
    Field {
        /// File name.
        file: String,
        /// Path of the field, for example `files[1].parts[0].bytes`.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The manifest inside is unsound.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// `bundle.json`. A parsed one is consistent: it lists every file of every model, whole and in
/// parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Always [`VERSION`].
    pub version: u32,
    /// The models, without the blind control, which no page asks.
    pub manifest: Manifest,
    /// Class lists of the dense heads, by the path that the manifest names.
    pub classes: BTreeMap<String, Vec<String>>,
    /// Every file, language models first.
    pub files: Vec<BundleFile>,
}

/// A file in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleFile {
    /// A language model's `file`, or the path of a model's file.
    pub name: String,
    /// Length, bytes.
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// In order; together they are the file.
    pub parts: Vec<Part>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Length, bytes.
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}

impl Part {
    /// Where it lies, relative to `bundle.json`.
    pub fn path(&self) -> String {
        format!("parts/{}.part", self.sha256)
    }
}

impl Bundle {
    /// From the file's text. `file` is only used in errors.
    ///
    /// # Errors
    /// [`BundleError`] names the field that is wrong.
    pub fn parse(file: &str, json: &str) -> Result<Self, BundleError> {
        let json_error = |source| BundleError::Json {
            file: file.into(),
            source,
        };
        // The version is read first. A later version may have fields that are unknown here.
        let value: serde_json::Value = serde_json::from_str(json).map_err(json_error)?;
        if let Some(found) = value.get("version").and_then(serde_json::Value::as_u64)
            && found != u64::from(VERSION)
        {
            return Err(BundleError::Version {
                file: file.into(),
                found,
            });
        }
        let bundle: Self = serde_json::from_str(json).map_err(json_error)?;
        bundle.manifest.check(file)?;
        bundle.check().map_err(|(field, problem)| BundleError::Field {
            file: file.into(),
            field,
            problem,
        })?;
        Ok(bundle)
    }

    /// The file of that name. A parsed bundle has every file that its manifest names.
    pub fn file(&self, name: &str) -> Option<&BundleFile> {
        self.files.iter().find(|file| file.name == name)
    }

    fn check(&self) -> Result<(), (String, String)> {
        if self.manifest.blind.is_some() {
            return Err(("manifest.blind".into(), "is no part of a page".into()));
        }
        let mut names = HashSet::new();
        for (i, file) in self.files.iter().enumerate() {
            let within = |(field, problem): (String, String)| (format!("files[{i}].{field}"), problem);
            if !names.insert(&file.name) {
                return Err(within(("name".into(), format!("`{}` appears twice", file.name))));
            }
            file.check().map_err(within)?;
        }
        let language = self.manifest.language_models.iter();
        let wanted = language.map(|m| (&m.file, m.bytes, &m.sha256)).chain(
            self.manifest
                .models
                .iter()
                .flat_map(|m| &m.files)
                .map(|f| (&f.path, f.bytes, &f.sha256)),
        );
        for (name, bytes, sha256) in wanted {
            let file = self
                .file(name)
                .ok_or_else(|| ("files".to_string(), format!("lacks `{name}`")))?;
            if file.bytes != bytes || &file.sha256 != sha256 {
                let problem = format!("`{name}` is another one than the manifest says");
                return Err(("files".into(), problem));
            }
        }
        for head in self.manifest.models.iter().filter_map(|m| m.dense_head.as_ref()) {
            if !self.classes.contains_key(&head.classes) {
                return Err(("classes".into(), format!("lacks `{}`", head.classes)));
            }
        }
        Ok(())
    }
}

impl BundleFile {
    fn check(&self) -> Result<(), (String, String)> {
        if self.parts.is_empty() || self.parts.len() > MAX_PARTS {
            let problem = format!("has {} parts, must have 1 to {MAX_PARTS}", self.parts.len());
            return Err(("parts".into(), problem));
        }
        // The hash of a part becomes its address and its name in the store.
        check_hash("sha256", &self.sha256)?;
        for (i, part) in self.parts.iter().enumerate() {
            check_hash(&format!("parts[{i}].sha256"), &part.sha256)?;
            if part.bytes == 0 || part.bytes > PART_BYTES {
                let problem = format!("is {}, must be from 1 to {PART_BYTES}", part.bytes);
                return Err((format!("parts[{i}].bytes"), problem));
            }
        }
        let sum: u64 = self.parts.iter().map(|part| part.bytes).sum();
        if sum != self.bytes {
            let problem = format!("is {}, the parts have {sum} together", self.bytes);
            return Err(("bytes".into(), problem));
        }
        Ok(())
    }
}

fn check_hash(field: &str, hash: &str) -> Result<(), (String, String)> {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if hash.len() == 64 && hash.chars().all(hex) {
        return Ok(());
    }
    // Shortened, because it may be any text of any length.
    let shown: String = hash.chars().take(80).collect();
    Err((field.into(), format!("`{shown}` is not 64 lower-case hex digits")))
}
