//! Where the weights lie.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, WEIGHTS};

/// The folder with `manifest.json`: as asked, else `weights` in this folder or one above it, else beside the program.
pub(crate) fn folder(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(folder) = asked {
        return Ok(folder.to_owned());
    }
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    here.ancestors()
        .chain(program.ancestors().skip(1))
        .map(|dir| dir.join("weights"))
        .find(|dir| dir.join("manifest.json").is_file())
        .ok_or_else(|| {
            Failure::new(
                WEIGHTS,
                "there is no folder `weights` with a manifest.json here, above, or beside the program; name it with --weights DIR",
            )
        })
}
