//! Where the weights lie.

mod source;

use std::path::{Path, PathBuf};

pub(crate) use source::Weights;

use crate::failure::{Failure, WEIGHTS};

/// The folder with `manifest.json`: as asked, else `weights` in this folder or one above it, else
/// beside the program.
pub(crate) fn folder(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(folder) = asked {
        return Ok(folder.to_owned());
    }
    near("weights", |folder| folder.join("manifest.json").is_file()).ok_or_else(|| {
        Failure::new(
            WEIGHTS,
            "there is no folder `weights` with a manifest.json here, above, or beside the program; name it with --weights DIR",
        )
    })
}

/// The folder `name` here, above, or beside the program, that holds what is wanted.
pub(crate) fn near(name: &str, holds: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let mut places = here.ancestors().chain(program.ancestors().skip(1));
    places.find_map(|place| Some(place.join(name)).filter(|folder| holds(folder)))
}
