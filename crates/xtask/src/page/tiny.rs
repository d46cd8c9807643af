//! The models of the tests' page: random numbers, small enough that a page with them loads in
//! seconds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sightline_checkpoint::manifest::Manifest;

use crate::repo::{SELECTIONS, target};
use crate::shell::{cargo, command, run};

/// So small that every file has several.
pub(super) const PART_BYTES: u64 = 64 << 10;

/// What was written, and where.
pub(super) struct Made {
    /// A weights folder.
    pub(super) weights: PathBuf,
    /// The language model's file by its id.
    pub(super) language_models: BTreeMap<String, PathBuf>,
}

/// Writes a weights folder and a language model below `folder`. The same bytes every time.
///
/// A program of its own does it: it knows the encoders, and with them the GPU stack, which these
/// commands are quick to build without.
pub(super) fn make(folder: &Path) -> Result<Made> {
    // Built with the features of the whole workspace, as the tests are: another choice would have
    // the GPU stack built again.
    run(cargo()
        .args(["build", "--release", "--example", "tiny_models"])
        .args(SELECTIONS[0]))?;
    let program = format!("release/examples/tiny_models{}", std::env::consts::EXE_SUFFIX);
    run(command(target().join(program)).arg(folder))?;
    let weights = folder.join("weights");
    let manifest = Manifest::load(&weights)?;
    let files = manifest.language_models.iter();
    Ok(Made {
        language_models: files
            .map(|model| (model.id.clone(), folder.join(&model.file)))
            .collect(),
        weights,
    })
}
