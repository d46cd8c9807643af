//! Features on disk, so that a killed or repeated command goes on where it was.
//!
//! A folder per encoder holds safetensors files: per picture a tensor `[width]` whose key is the
//! SHA-256 of the picture's bytes. Each file is named by its own SHA-256, so that damage is noticed
//! and processes that write at the same time do not disturb each other.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sightline_checkpoint::file;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::tensors::{Tensor, TensorData, Tensors, serialize};

use crate::error::{ProbeError, Result};

/// Ending of the files.
const ENDING: &str = ".safetensors";
/// Largest file that is read, bytes: far more than is ever written.
const MAX_FILE: u64 = 256 << 20;
/// New pictures after which a file is written.
const FLUSH: usize = 256;

/// Features of pictures by the SHA-256 of their bytes.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    width: usize,
    known: HashMap<String, Vec<f32>>,
    fresh: BTreeMap<String, Tensor>,
    /// Files that were damaged, and removed. Their pictures have to be encoded again.
    pub damaged: Vec<PathBuf>,
}

impl Cache {
    /// Opens the cache of the features that `key` describes, `width` values each, below `root`.
    ///
    /// # Errors
    /// [`ProbeError::Cache`] if the folder cannot be made or read.
    pub fn open(root: &Path, key: &str, width: usize) -> Result<Self> {
        let folder = root.join(&sha256_hex(key.as_bytes())[..16]);
        let mut cache = Self {
            width,
            known: HashMap::new(),
            fresh: BTreeMap::new(),
            damaged: Vec::new(),
            folder,
        };
        let about = cache.folder.join("key.json");
        file::write_whole(&about, key.as_bytes()).map_err(|error| failed(&about, error))?;
        let entries = fs::read_dir(&cache.folder).map_err(|error| failed(&cache.folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| failed(&cache.folder, error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.strip_suffix(ENDING) {
                Some(hash) if !name.starts_with('.') => cache.read(&path, hash)?,
                _ => {}
            }
        }
        cache.damaged.sort();
        Ok(cache)
    }

    fn read(&mut self, path: &Path, hash: &str) -> Result<()> {
        let bytes = match file::read(path, MAX_FILE) {
            Ok(bytes) => bytes,
            // Another process found it damaged before.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(path, error)),
        };
        let rows = (sha256_hex(&bytes) == hash).then(|| self.rows(&bytes)).flatten();
        match rows {
            Some(rows) => self.known.extend(rows),
            None => {
                fs::remove_file(path).map_err(|error| failed(path, error))?;
                self.damaged.push(path.to_owned());
            }
        }
        Ok(())
    }

    fn rows(&self, bytes: &[u8]) -> Option<Vec<(String, Vec<f32>)>> {
        let tensors = Tensors::parse("features", bytes).ok()?;
        let row = |key: &str| Some((key.to_owned(), tensors.f32(key, &[self.width]).ok()?));
        tensors.keys().into_iter().map(row).collect()
    }

    /// The folder of these features.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Features of the picture with this hash.
    pub fn get(&self, sha256: &str) -> Option<&[f32]> {
        self.known.get(sha256).map(Vec::as_slice)
    }

    /// Keeps features, and writes those that are new if there are many.
    ///
    /// # Errors
    /// As [`Cache::flush`].
    pub fn put(&mut self, sha256: &str, features: Vec<f32>) -> Result<()> {
        let tensor = Tensor {
            shape: vec![features.len()],
            data: TensorData::F32(features.clone()),
        };
        self.known.insert(sha256.to_owned(), features);
        self.fresh.insert(sha256.to_owned(), tensor);
        match self.fresh.len() >= FLUSH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes what is new as one file that appears whole or not at all.
    ///
    /// # Errors
    /// [`ProbeError::Cache`] if it cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        let bytes = serialize("features", &self.fresh)?;
        let path = self.folder.join(sha256_hex(&bytes) + ENDING);
        file::write_whole(&path, &bytes).map_err(|error| failed(&path, error))?;
        self.fresh.clear();
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> ProbeError {
    ProbeError::Cache {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(cache: &Cache) -> Vec<PathBuf> {
        let entries = fs::read_dir(cache.folder()).expect("the folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.to_string_lossy().ends_with(ENDING)).collect()
    }

    #[test]
    fn what_was_written_is_found_again_by_key() {
        let root = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::open(root.path(), "one", 2).expect("opens");
        cache.put("aa", vec![1.0, 2.0]).expect("kept");
        cache.put("bb", vec![3.0, -4.0]).expect("kept");
        cache.flush().expect("written");
        cache.flush().expect("nothing to write");
        assert_eq!(files(&cache).len(), 1);
        let again = Cache::open(root.path(), "one", 2).expect("opens");
        assert_eq!(again.get("bb"), Some(&[3.0, -4.0][..]));
        assert_eq!(Cache::open(root.path(), "two", 2).expect("opens").get("bb"), None);
    }

    #[test]
    fn a_damaged_file_is_removed_and_said() {
        let root = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::open(root.path(), "key", 1).expect("opens");
        for (hash, value) in [("aa", 1.0), ("bb", 2.0)] {
            cache.put(hash, vec![value]).expect("kept");
            cache.flush().expect("written");
        }
        let [one, two] = files(&cache).try_into().expect("two files");
        // One bit of a value, which the format itself would not notice; and a file that ends early.
        let mut bytes = fs::read(&one).expect("it is there");
        *bytes.last_mut().expect("not empty") ^= 1;
        fs::write(&one, bytes).expect("written");
        fs::write(&two, b"{").expect("written");
        let again = Cache::open(root.path(), "key", 1).expect("opens");
        assert_eq!(again.damaged.len(), 2);
        assert_eq!((again.get("aa"), again.get("bb")), (None, None));
        assert!(!one.exists() && !two.exists());
        assert!(Cache::open(root.path(), "key", 1).expect("opens").damaged.is_empty());
    }

    #[test]
    fn a_file_of_another_width_is_damaged() {
        let root = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::open(root.path(), "key", 2).expect("opens");
        cache.put("aa", vec![1.0]).expect("kept");
        cache.flush().expect("written");
        assert_eq!(Cache::open(root.path(), "key", 2).expect("opens").damaged.len(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("file");
        fs::write(&path, "").expect("a file");
        let error = Cache::open(&path, "key", 1).expect_err("refused").to_string();
        assert!(error.contains("file") && error.contains("--cache"), "{error}");
    }
}
