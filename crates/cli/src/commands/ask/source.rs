//! Where `ask` takes its models from: the weights folder, and the cache of language models.

use std::path::Path;

use sightline_checkpoint::cache;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_kernels::Device;
use sightline_vlm::{FileSource, Files, Language, VlmError};

use crate::commands::models;
use crate::failure::{Failure, OrFail, WEIGHTS};
use crate::output;

/// A weights folder. A language model that is not in the cache is fetched.
pub(super) struct Weights<'a> {
    pub(super) folder: &'a Path,
    pub(super) manifest: &'a Manifest,
    /// Whether to tell the memory of what is loaded.
    pub(super) verbose: bool,
    /// The files of the model whose row was asked for.
    pub(super) read: Option<Files>,
}

impl FileSource for Weights<'_> {
    type Error = Failure;

    /// Reads the model's files, so that a damaged one is known before a language model is fetched.
    async fn row(&mut self, id: &str) -> Result<Model, Failure> {
        let files = Files::read(self.folder, self.manifest, id)?;
        Ok(self.read.insert(files).row.clone())
    }

    async fn language(&mut self, id: &str, device: &Device) -> Result<Language, Failure> {
        let row = self.manifest.language_model(id).or_fail(WEIGHTS)?;
        let path = models::fetch_language_model(row)?;
        let bytes = cache::read_language_model(&path, row).or_fail(WEIGHTS)?;
        Ok(Language::load(device, &row.chat, &path.display().to_string(), &bytes)?)
    }

    async fn files(&mut self, id: &str) -> Result<Files, Failure> {
        let read = self.read.take().filter(|files| files.row.id == id);
        Ok(read.map_or_else(|| Files::read(self.folder, self.manifest, id), Ok::<_, VlmError>)?)
    }

    fn loaded(&mut self, id: &str, bytes: usize) {
        if self.verbose {
            let is_language = self.manifest.language_models.iter().any(|row| row.id == id);
            let kind = if is_language { "language model " } else { "" };
            output::note(&format!(
                "{kind}{id}: loaded, {:.1} MB on the device",
                bytes as f64 / 1e6
            ));
        }
    }
}
