//! What a model is loaded from.

use sightline_checkpoint::manifest::Model;
use sightline_checkpoint::tensors::Tensors;

use crate::error::Result;
#[cfg(not(target_arch = "wasm32"))]
use crate::error::VlmError;

/// Largest file of class names that is read, bytes: a thousand times the shipped one.
#[cfg(not(target_arch = "wasm32"))]
const MAX_CLASSES: u64 = 4 << 20;

/// A model's row of the manifest and the bytes of its files, verified.
pub struct Files {
    /// The row.
    pub row: Model,
    /// `model.safetensors`.
    pub weights: Vec<u8>,
    /// Names of the dense head's classes, empty without one.
    pub classes: Vec<String>,
}

impl Files {
    /// The tensors of the model file.
    pub(crate) fn tensors(&self) -> Result<Tensors<'_>> {
        let name = self.row.files.first().map_or("model.safetensors", |file| &file.path);
        Ok(Tensors::parse(name, &self.weights)?)
    }

    /// Reads the files of a model from the weights folder and checks every hash.
    ///
    /// # Errors
    /// An unknown id, or a file that is missing or has another hash. The error names it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read(
        folder: &std::path::Path,
        manifest: &sightline_checkpoint::manifest::Manifest,
        id: &str,
    ) -> Result<Self> {
        let row = manifest.model(id)?.clone();
        let file = row.files.first().ok_or_else(|| VlmError::Row {
            id: id.into(),
            problem: "names no file".into(),
        })?;
        let weights = sightline_checkpoint::cache::read_model_file(folder, file)?;
        let classes = match &row.dense_head {
            None => Vec::new(),
            Some(head) => {
                let path = folder.join(&head.classes);
                let error = |message: String| VlmError::Classes {
                    file: path.display().to_string(),
                    message,
                };
                let json =
                    sightline_checkpoint::file::read_text(&path, MAX_CLASSES).map_err(|e| error(e.to_string()))?;
                serde_json::from_str(&json).map_err(|e| error(e.to_string()))?
            }
        };
        Ok(Self { row, weights, classes })
    }
}
