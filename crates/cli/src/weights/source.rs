//! Where models come from: the weights folder, and the cache of language models.

use std::path::Path;

use sightline_checkpoint::cache;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_kernels::Device;
use sightline_vlm::{FileSource, Files, Language, VlmError};

use crate::commands::models;
use crate::failure::{Failure, OrFail, WEIGHTS};
use crate::{device, output};

/// A weights folder. A language model that is not in the cache is fetched.
pub(crate) struct Weights<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    /// Whether to tell the memory of what is loaded.
    verbose: bool,
    /// The files of the model whose row was asked for.
    read: Option<Files>,
}

impl<'a> Weights<'a> {
    /// A weights folder with its manifest.
    pub(crate) fn new(folder: &'a Path, manifest: &'a Manifest, verbose: bool) -> Self {
        Self {
            folder,
            manifest,
            verbose,
            read: None,
        }
    }
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

    async fn another_device(&mut self, lost: &Device, error: &VlmError) -> Option<Device> {
        match lost.reopen().await {
            Ok(device) => {
                let name = device::name(&device);
                output::note(&format!(
                    "{error}; everything is loaded again on {name}, and the work goes on"
                ));
                Some(device)
            }
            Err(why) => {
                if self.verbose {
                    output::note(&why.to_string());
                }
                None
            }
        }
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
