//! The rows of a manifest that this crate can judge: encoders and transforms.

use sightline_checkpoint::manifest::{Manifest, ManifestError, Model};

use crate::built_in::CHECKED;
use crate::encoder::{EncoderError, Size, path};
use crate::kinds;
use crate::transform::Transform;

/// Refuses a manifest with a model whose encoder or transform cannot work. `file` is only used in
/// the error.
///
/// # Errors
/// [`ManifestError::Field`] names the field and what would be right.
pub fn check_manifest(file: &str, manifest: &Manifest) -> Result<(), ManifestError> {
    for (i, model) in manifest.models.iter().enumerate() {
        check(model).map_err(|(field, problem)| ManifestError::Field {
            file: file.into(),
            field: format!("models[{i}].{field}"),
            problem,
        })?;
    }
    Ok(())
}

/// Reads `manifest.json` in the weights folder, and checks it whole.
///
/// # Errors
/// As [`Manifest::load`] and [`check_manifest`].
#[cfg(not(target_arch = "wasm32"))]
pub fn load_manifest(folder: &std::path::Path) -> Result<Manifest, ManifestError> {
    let manifest = Manifest::load(folder)?;
    check_manifest(&folder.join("manifest.json").display().to_string(), &manifest)?;
    Ok(manifest)
}

/// A field and what is wrong with it.
type Problem = (String, String);

fn check(model: &Model) -> Result<(), Problem> {
    let config = kinds::config(&model.encoder).map_err(|error| match error {
        EncoderError::Config { field, message } => (path(&field), message),
        other => ("encoder".to_owned(), other.to_string()),
    })?;
    let transform = Transform::read(&model.transform);
    let transform = transform.map_err(|error| (format!("transform.{}", error.field), error.message))?;
    // Canvases of any size inside the bounds may come: the largest, and one that no encoder of one
    // size takes too.
    let [height, width] = model.transform.size;
    let mut sizes = vec![[height, width]];
    if !transform.is_fixed() {
        sizes.push([32, 64]);
    }
    for [height, width] in sizes {
        let grid = config.grid(Size::one(height, width));
        grid.map_err(|error| ("transform.size".to_owned(), error.to_string()))?;
    }
    match &model.check {
        Some(stored) if stored.len() != CHECKED || !stored.iter().all(|value| value.is_finite()) => {
            let problem = format!("{CHECKED} finite numbers are needed; leave the field out to check no device");
            Err(("check".to_owned(), problem))
        }
        _ => Ok(()),
    }
}
