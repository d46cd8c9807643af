//! Runs as one zip file, for whoever has no folder to hand over.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::error::EvaluationError;
use crate::run::disk::Disk;
use crate::run::names::{ALL, LOCK};

/// The files of runs as a zip file, under their paths. The same runs give the same bytes.
///
/// # Errors
/// A disk that fails, or runs that are too large for one file.
pub async fn zip(disk: &impl Disk, folders: &[PathBuf]) -> Result<Vec<u8>, EvaluationError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for folder in folders {
        // The lock is nobody's once it is in a zip file.
        for name in ALL.into_iter().filter(|name| *name != LOCK) {
            let path = folder.join(name);
            let cannot = |error: &dyn std::fmt::Display| {
                EvaluationError::Unusable(format!("cannot pack {}: {error}", path.display()))
            };
            let Some(bytes) = disk.read(&path).await.map_err(|error| cannot(&error))? else {
                continue;
            };
            zip.start_file(name_of(&path), SimpleFileOptions::default())
                .map_err(|error| cannot(&error))?;
            zip.write_all(&bytes).map_err(|error| cannot(&error))?;
        }
    }
    let whole = zip.finish().map_err(EvaluationError::unusable)?;
    Ok(whole.into_inner())
}

/// A path with the separator of zip files.
fn name_of(path: &Path) -> String {
    let parts = path.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use pollster::FutureExt as _;

    use super::*;
    use crate::run::disk::Memory;

    #[test]
    fn what_is_packed_comes_out_again() {
        let disk = Memory::default();
        let samples = "{}\n".repeat(500);
        for (name, text) in [("key.json", "{}"), ("samples.jsonl", &samples), ("lock", "")] {
            let path = Path::new("runs/task/model").join(name);
            disk.write(&path, text.as_bytes()).block_on().expect("written");
        }
        let folders = [PathBuf::from("runs/task/model")];
        let bytes = zip(&disk, &folders).block_on().expect("a zip file");
        assert!(bytes.len() < samples.len(), "{}", bytes.len());
        assert_eq!(bytes, zip(&disk, &folders).block_on().expect("a zip file"));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip file");
        let names: Vec<String> = archive
            .file_names()
            .map(|name| name.expect("a name").into_owned())
            .collect();
        assert_eq!(names, ["runs/task/model/key.json", "runs/task/model/samples.jsonl"]);
        let mut text = String::new();
        let mut file = archive.by_name("runs/task/model/samples.jsonl").expect("a file");
        file.read_to_string(&mut text).expect("text");
        assert_eq!(text, samples);
    }
}
