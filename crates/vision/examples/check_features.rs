//! Features of the built-in picture, by which a browser checks its device when it loads the models.
//!
//! ```sh
//! cargo run --release -p sightline-vision --example check_features -- weights
//! ```
//!
//! writes `check.json` beside the weights of every model. The training project's `manifest.py`
//! copies them into the manifest.

use std::path::PathBuf;

use sightline_checkpoint::file::write_whole;
use sightline_checkpoint::tensors::Tensors;
use sightline_vision::{check_of, load_manifest};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    let (Some(folder), None) = (words.next(), words.next()) else {
        return Err("name one folder of weights".into());
    };
    let folder = PathBuf::from(folder);
    for row in load_manifest(&folder)?.models {
        let Some(file) = row.files.first() else { continue };
        let path = folder.join(&file.path);
        let bytes = std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let features = pollster::block_on(check_of(&row, &Tensors::parse(&file.path, &bytes)?))?;
        let out = path.with_file_name("check.json");
        let text = serde_json::to_string(&features)? + "\n";
        write_whole(&out, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
        println!("{}: {} features in {}", row.id, features.len(), out.display());
    }
    Ok(())
}
