use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Bundle, BundleFile, PART_BYTES, Part, VERSION};
use crate::cache::has_length;
use crate::file::write_whole;
use crate::hash::{Expected, HashError, Verifier, sha256_hex};
use crate::manifest::{Manifest, ManifestError};

/// Why a bundle could not be written.
#[derive(Debug, Error)]
pub enum BundleWriteError {
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The length or the hash of a file is wrong.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A file cannot be read or written.
    #[error("cannot {verb} {path}: {source}")]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: String,
        /// The operating system's message.
        source: std::io::Error,
    },
    /// A class list is not a JSON list of names.
    #[error("{path} is not a JSON list of class names: {source}")]
    Classes {
        /// The file.
        path: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// No path was given for a language model of the manifest.
    #[error("no file was given for the language model `{id}`")]
    NoLanguageModel {
        /// Its id.
        id: String,
    },
}

/// Cuts all files of the manifest in `weights` into parts below `out` and writes `bundle.json`
/// last. Every hash is checked on the way. A part has at most `part_bytes` bytes, and at most
/// [`PART_BYTES`]. `language_models` holds a path per id. Parts that are already there are kept,
/// and parts of an earlier bundle are removed. The blind control is left out, because no page uses
/// it.
///
/// # Errors
/// [`BundleWriteError`] names the file. The parts written so far stay complete: a part gets its
/// name only when it is whole.
pub fn write(
    weights: &Path,
    language_models: &BTreeMap<String, PathBuf>,
    out: &Path,
    part_bytes: u64,
) -> Result<Bundle, BundleWriteError> {
    let mut manifest = Manifest::load(weights)?;
    manifest.blind = None;
    let part_bytes = part_bytes.clamp(1, PART_BYTES);
    let mut files = Vec::new();
    for model in &manifest.language_models {
        let path = language_models
            .get(&model.id)
            .ok_or_else(|| BundleWriteError::NoLanguageModel { id: model.id.clone() })?;
        let expected = expected(&model.file, model.bytes, &model.sha256);
        files.push(cut(path, expected, out, part_bytes)?);
    }
    for file in manifest.models.iter().flat_map(|m| &m.files) {
        let expected = expected(&file.path, file.bytes, &file.sha256);
        files.push(cut(&weights.join(&file.path), expected, out, part_bytes)?);
    }
    let mut classes = BTreeMap::new();
    for head in manifest.models.iter().filter_map(|m| m.dense_head.as_ref()) {
        classes.insert(head.classes.clone(), class_names(&weights.join(&head.classes))?);
    }
    let bundle = Bundle {
        version: VERSION,
        manifest,
        classes,
        files,
    };
    remove_stale(out, &bundle)?;
    let path = out.join("bundle.json");
    let json = serde_json::to_vec(&bundle).map_err(|source| BundleWriteError::Classes {
        path: path.display().to_string(),
        source,
    })?;
    write_whole(&path, &json).map_err(|source| io("write", &path, source))?;
    Ok(bundle)
}

fn expected<'a>(name: &'a str, bytes: u64, sha256: &'a str) -> Expected<'a> {
    Expected { name, bytes, sha256 }
}

fn io(verb: &'static str, path: &Path, source: std::io::Error) -> BundleWriteError {
    BundleWriteError::Io {
        verb,
        path: path.display().to_string(),
        source,
    }
}

fn cut(path: &Path, expected: Expected<'_>, out: &Path, part_bytes: u64) -> Result<BundleFile, BundleWriteError> {
    let mut file = BundleFile {
        name: expected.name.into(),
        bytes: expected.bytes,
        sha256: expected.sha256.into(),
        parts: Vec::new(),
    };
    let mut reader = File::open(path).map_err(|source| io("read", path, source))?;
    let mut verifier = Verifier::new(expected);
    loop {
        let mut piece = Vec::new();
        let read = (&mut reader).take(part_bytes).read_to_end(&mut piece);
        read.map_err(|source| io("read", path, source))?;
        if piece.is_empty() {
            break;
        }
        verifier.update(&piece)?;
        let part = Part {
            bytes: piece.len() as u64,
            sha256: sha256_hex(&piece),
        };
        let to = out.join(part.path());
        if !has_length(&to, part.bytes) {
            write_whole(&to, &piece).map_err(|source| io("write", &to, source))?;
        }
        file.parts.push(part);
    }
    verifier.finish()?;
    Ok(file)
}

fn class_names(path: &Path) -> Result<Vec<String>, BundleWriteError> {
    let json = std::fs::read(path).map_err(|source| io("read", path, source))?;
    serde_json::from_slice(&json).map_err(|source| BundleWriteError::Classes {
        path: path.display().to_string(),
        source,
    })
}

/// Removes parts that the bundle does not name.
fn remove_stale(out: &Path, bundle: &Bundle) -> Result<(), BundleWriteError> {
    let folder = out.join("parts");
    let named: HashSet<PathBuf> = bundle
        .files
        .iter()
        .flat_map(|file| &file.parts)
        .map(|part| out.join(part.path()))
        .collect();
    let entries = std::fs::read_dir(&folder).map_err(|source| io("read", &folder, source))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|e| e == "part") && !named.contains(&path) {
            std::fs::remove_file(&path).map_err(|source| io("write", &path, source))?;
        }
    }
    Ok(())
}
