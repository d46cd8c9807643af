//! Models from a weights folder.

use std::path::PathBuf;

use sightline_checkpoint::cache::{self, Cache};
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_kernels::Device;

use crate::error::Result;
use crate::files::Files;
use crate::language::Language;
use crate::lineup::FileSource;

/// The source of a lineup that reads a weights folder, and language models from the cache. It
/// fetches nothing.
pub struct Folder {
    weights: PathBuf,
    manifest: Manifest,
    cache: Cache,
}

impl Folder {
    /// Reads the manifest of a weights folder.
    ///
    /// # Errors
    /// A manifest that is missing or unsound, or a machine without a cache folder.
    pub fn open(weights: impl Into<PathBuf>) -> Result<Self> {
        let weights = weights.into();
        Ok(Self {
            manifest: sightline_vision::load_manifest(&weights)?,
            weights,
            cache: Cache::from_env()?,
        })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl FileSource for Folder {
    type Error = crate::VlmError;

    async fn row(&mut self, id: &str) -> Result<Model> {
        Ok(self.manifest.model(id)?.clone())
    }

    async fn language(&mut self, id: &str, device: &Device) -> Result<Language> {
        let row = self.manifest.language_model(id)?;
        let path = self.cache.find(row, None)?;
        let bytes = cache::read_language_model(&path, row)?;
        Language::load(device, &row.chat, &path.display().to_string(), &bytes)
    }

    async fn files(&mut self, id: &str) -> Result<Files> {
        Files::read(&self.weights, &self.manifest, id)
    }
}
