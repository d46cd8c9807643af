//! `weights/manifest.json`: one row per model. The format is `docs/model-format.md`.
//!
//! A manifest that parsed is consistent: ids are unique, every reference resolves, every path stays
//! inside the weights folder. Only the crate of encoders (`vision`) knows what an encoder's row
//! must hold, and checks it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod chat;
mod check;

pub use chat::{Around, Chat, Place, Template, TemplateChoice, Text, VisualPlace};

/// The version of the format that this code reads.
pub const VERSION: u32 = 1;

/// Largest manifest that is read, bytes: a thousand times the shipped one.
#[cfg(not(target_arch = "wasm32"))]
const MAX_FILE: u64 = 16 << 20;

/// Why a manifest cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// File name.
        file: String,
        /// The operating system's message.
        source: std::io::Error,
    },
    /// Not JSON, a missing or unknown field, or a value of the wrong type.
    #[error("{file} is not a sound manifest: {source}")]
    Json {
        /// File name.
        file: String,
        /// Where and what.
        source: serde_json::Error,
    },
    /// A version other than [`VERSION`].
    #[error("{file} has version {found}, this program reads version {VERSION}; update the program or the weights")]
    Version {
        /// File name.
        file: String,
        /// Version in the file.
        found: u64,
    },
    /// A field whose value cannot be used.
    #[error("{file}: {field}: {problem}")]
    Field {
        /// File name.
        file: String,
        /// Path of the field, for example `models[1].encoder.heads`.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// No model or language model of that id.
    #[error("there is no model `{id}`; known are {known}")]
    UnknownId {
        /// The id asked for.
        id: String,
        /// Known ids, comma-separated.
        known: String,
    },
    /// A file that a row names is absent or has another length.
    #[error("{path} of model `{model}` {problem}; check out the weights again")]
    File {
        /// The file.
        path: String,
        /// The model's id.
        model: String,
        /// What is wrong.
        problem: String,
    },
}

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`VERSION`].
    pub version: u32,
    /// Language models, which are fetched.
    pub language_models: Vec<LanguageModel>,
    /// Models, which lie beside the manifest.
    pub models: Vec<Model>,
    /// The blind control, if there is one: trained as the models were, but without pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<Blind>,
}

/// A language model's file.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// Stable id.
    pub id: String,
    /// File name in the cache.
    pub file: String,
    /// Length, bytes.
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// Where to fetch it.
    pub pypi: Pypi,
    /// SPDX id.
    pub licence: String,
    /// How it is talked to.
    #[serde(default)]
    pub chat: Chat,
}

/// A file inside a Python wheel.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pypi {
    /// Package name.
    pub package: String,
    /// Exact version.
    pub version: String,
    /// Path of the file inside the wheel.
    pub member: String,
}

/// One row: a model id and all it is made of.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Stable id.
    pub id: String,
    /// The vision encoder.
    pub encoder: Encoder,
    /// What is done to a picture before it.
    pub transform: Transform,
    /// What makes visual tokens of features.
    pub connector: Connector,
    /// Id of the language model.
    pub language_model: String,
    /// Low-rank adapters of the language model, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapters: Option<Adapters>,
    /// The dense head, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_head: Option<DenseHead>,
    /// Files, relative to the manifest.
    pub files: Vec<ModelFile>,
    /// Kinds of question the model was trained on.
    pub question_types: Vec<QuestionType>,
    /// Licence file, relative to the manifest.
    pub licence: String,
    /// Model card, relative to the manifest.
    pub card: String,
    /// Some of the encoder's features of a built-in picture, computed in 32 bits by plain code: a
    /// device whose features differ computes wrongly. Which picture and features, `vision` knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<f32>>,
}

/// A vision encoder: which kind it is, and fields that only this kind's own reader (in `vision`)
/// knows.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Encoder {
    /// Stable id of the kind.
    pub kind: String,
    /// All other fields.
    #[serde(flatten)]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// From a picture to the encoder's input.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// How a picture becomes the canvas: a name that the crate of transforms (`vision`) knows.
    pub policy: String,
    /// Height and width of the canvas, px, or the policy's bounds of them.
    pub size: [usize; 2],
    /// RGB of the padding, and of the ground under transparent pixels.
    pub pad: [u8; 3],
    /// Resampling filter.
    pub filter: Filter,
    /// Subtracted per channel, 0..1 units.
    pub mean: [f64; 3],
    /// Divided by per channel, 0..1 units.
    pub std: [f64; 3],
}

/// Resampling filters, Pillow's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Pillow's `BICUBIC`, antialiased.
    Bicubic,
    /// Pillow's `BILINEAR`, antialiased.
    Bilinear,
}

/// The map from features to visual tokens.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Linear layers, 1..=3.
    pub layers: usize,
    /// Width between layers.
    pub hidden: usize,
    /// Rows and columns of the learned position vectors, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<[usize; 2]>,
}

/// Low-rank adapters: `y = W x + (alpha / rank) * B (A x)`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Adapters {
    /// Rank.
    pub rank: usize,
    /// Scale times rank.
    pub alpha: f64,
}

/// A head that answers "where is class c" from the encoder's tokens.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct DenseHead {
    /// JSON list of class names, relative to the manifest.
    pub classes: String,
}

/// A file of a model.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Path relative to the manifest.
    pub path: String,
    /// Length, bytes.
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// The blind control: a language model with adapters that were trained with the same batches and
/// steps, but without visual tokens. It is for evaluation only, and no browser downloads it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Blind {
    /// Stable id. It must differ from the ids of all models.
    pub id: String,
    /// Id of the language model.
    pub language_model: String,
    /// Its low-rank adapters.
    pub adapters: Adapters,
    /// Position of the first token behind the visual tokens of the models: number of tokens before
    /// them + number of visual tokens. The positions of the visual tokens stay empty.
    pub text_start: usize,
    /// Files, relative to the manifest; the first holds the adapters.
    pub files: Vec<ModelFile>,
}

/// A kind of question.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct QuestionType {
    /// Stable id, for example `presence`.
    pub id: String,
    /// A question of this kind.
    pub example: String,
    /// The wordings it was trained with; `{}` stands for a name with its article, or a box.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wordings: Vec<String>,
}

impl Manifest {
    /// From the file's text. `file` is only used in errors.
    ///
    /// # Errors
    /// [`ManifestError`] names the field that is wrong.
    pub fn parse(file: &str, json: &str) -> Result<Self, ManifestError> {
        let json_error = |source| ManifestError::Json {
            file: file.into(),
            source,
        };
        // The version is read first. A later version may have fields that are unknown here.
        let value: serde_json::Value = serde_json::from_str(json).map_err(json_error)?;
        if let Some(found) = value.get("version").and_then(serde_json::Value::as_u64)
            && found != u64::from(VERSION)
        {
            return Err(ManifestError::Version {
                file: file.into(),
                found,
            });
        }
        // Parsed from the text again, because only that error has line and column.
        let manifest: Self = serde_json::from_str(json).map_err(json_error)?;
        manifest.check(file)?;
        Ok(manifest)
    }

    /// Everything that the types do not already say. `file` is only used in errors.
    pub(crate) fn check(&self, file: &str) -> Result<(), ManifestError> {
        check::check(file, self)
    }

    /// Reads `manifest.json` in the weights folder.
    ///
    /// # Errors
    /// As [`Manifest::parse`], and [`ManifestError::Read`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn load(folder: &std::path::Path) -> Result<Self, ManifestError> {
        let path = folder.join("manifest.json");
        let file = path.display().to_string();
        match crate::file::read_text(&path, MAX_FILE) {
            Ok(json) => Self::parse(&file, &json),
            Err(source) => Err(ManifestError::Read { file, source }),
        }
    }

    /// The row of that id; the error lists the known ones.
    ///
    /// # Errors
    /// [`ManifestError::UnknownId`].
    pub fn model(&self, id: &str) -> Result<&Model, ManifestError> {
        find(id, &self.models, |m| &m.id)
    }

    /// The language model of that id; the error lists the known ones.
    ///
    /// # Errors
    /// [`ManifestError::UnknownId`].
    pub fn language_model(&self, id: &str) -> Result<&LanguageModel, ManifestError> {
        find(id, &self.language_models, |m| &m.id)
    }

    /// The blind control; `file` is only used in the error.
    ///
    /// # Errors
    /// [`ManifestError::Field`] where there is none.
    pub fn blind(&self, file: &str) -> Result<&Blind, ManifestError> {
        self.blind.as_ref().ok_or_else(|| ManifestError::Field {
            file: file.into(),
            field: "blind".into(),
            problem: "is missing: these weights have no blind control; take weights with one, or train it (`weights/training`, stages \
                      join_blind and export_blind)"
                .into(),
        })
    }

    /// Fails unless every file of every model, and of the blind control, lies in `folder` with its
    /// length. Hashes are checked when files are read.
    ///
    /// # Errors
    /// [`ManifestError::File`] names the model and the file.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn check_files(&self, folder: &std::path::Path) -> Result<(), ManifestError> {
        let models = self.models.iter().map(|model| (&model.id, &model.files));
        let blind = self.blind.iter().map(|blind| (&blind.id, &blind.files));
        for (id, files) in models.chain(blind) {
            for file in files {
                let path = folder.join(&file.path);
                let problem = match std::fs::metadata(&path) {
                    Err(error) => format!("cannot be read ({error})"),
                    Ok(found) if found.len() != file.bytes => {
                        format!("has {} bytes, the manifest says {}", found.len(), file.bytes)
                    }
                    Ok(_) => continue,
                };
                return Err(ManifestError::File {
                    path: path.display().to_string(),
                    model: id.clone(),
                    problem,
                });
            }
        }
        Ok(())
    }
}

fn find<'a, T>(id: &str, rows: &'a [T], id_of: impl Fn(&T) -> &String) -> Result<&'a T, ManifestError> {
    rows.iter().find(|row| id_of(row) == id).ok_or_else(|| {
        let known: Vec<&str> = rows.iter().map(|row| id_of(row).as_str()).collect();
        ManifestError::UnknownId {
            id: id.into(),
            known: if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            },
        }
    })
}

/// Fails on an id that appears twice.
fn unique<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), &'a str> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(id);
        }
    }
    Ok(())
}
