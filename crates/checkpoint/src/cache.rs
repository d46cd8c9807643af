//! The cache of fetched files, and the search for them.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::hash::{self, Expected, HashError};
use crate::manifest::{LanguageModel, Model, ModelFile};

/// Environment variable that names the cache folder.
pub const CACHE_VARIABLE: &str = "SIGHTLINE_CACHE";

/// The reason why a file of a model is not available.
#[derive(Debug, Error)]
pub enum CacheError {
    /// Neither the variable nor a home folder gives a place for the cache.
    #[error("no folder for the cache: neither {CACHE_VARIABLE}, XDG_CACHE_HOME nor HOME is set; set {CACHE_VARIABLE}")]
    NoFolder,
    /// The file named on the command line is not there.
    #[error("there is no language model at {path}; give the path of {file}")]
    NoSuchFile {
        /// The path given.
        path: String,
        /// The file expected.
        file: String,
    },
    /// The file is in none of the places.
    #[error(
        "{file} is not here (looked in {looked}); fetch it with `cargo xtask demo`, or install the Python package {package}=={version}"
    )]
    NotFound {
        /// File name.
        file: String,
        /// The places that were searched.
        looked: String,
        /// Package that holds it.
        package: String,
        /// Version of the package.
        version: String,
    },
    /// The file cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The path.
        path: String,
        /// The operating system's message.
        source: std::io::Error,
    },
    /// The length or the hash of the file is wrong.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// The cache folder, and the Python command that finds installed packages.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    python: String,
}

impl Cache {
    /// `$SIGHTLINE_CACHE`, else `sightline` in `$XDG_CACHE_HOME`, else in `~/.cache`.
    ///
    /// # Errors
    /// [`CacheError::NoFolder`] if none of the variables is set.
    pub fn from_env() -> Result<Self, CacheError> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set(CACHE_VARIABLE)
            .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("sightline")))
            .or_else(|| {
                set("HOME")
                    .or_else(|| set("USERPROFILE"))
                    .map(|home| home.join(".cache/sightline"))
            })
            .ok_or(CacheError::NoFolder)?;
        Ok(Self::at(folder))
    }

    /// A cache in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let python = if cfg!(windows) { "python" } else { "python3" };
        Self {
            folder: folder.into(),
            python: python.into(),
        }
    }

    /// Takes this Python command instead of `python3`.
    pub fn with_python(mut self, python: impl Into<String>) -> Self {
        self.python = python.into();
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The Python command.
    pub fn python(&self) -> &str {
        &self.python
    }

    /// The path of a fetched language model.
    pub fn path_of(&self, model: &LanguageModel) -> PathBuf {
        self.folder.join(&model.file)
    }

    /// Looks for the language model's file: at `explicit`, then in the cache, then in an installed
    /// Python package. Only existence and length are checked here; [`read_language_model`] checks
    /// the hash.
    ///
    /// # Errors
    /// [`CacheError::NoSuchFile`] if nothing is at `explicit`, [`CacheError::NotFound`] with the
    /// places that were searched.
    pub fn find(&self, model: &LanguageModel, explicit: Option<&Path>) -> Result<PathBuf, CacheError> {
        if let Some(path) = explicit {
            return match path.is_file() {
                true => Ok(path.into()),
                false => Err(CacheError::NoSuchFile {
                    path: path.display().to_string(),
                    file: model.file.clone(),
                }),
            };
        }
        let cached = self.path_of(model);
        if has_length(&cached, model.bytes) {
            return Ok(cached);
        }
        if let Some(path) = self.installed(model) {
            return Ok(path);
        }
        Err(CacheError::NotFound {
            file: model.file.clone(),
            looked: format!("{} and the packages of {}", self.folder.display(), self.python),
            package: model.pypi.package.clone(),
            version: model.pypi.version.clone(),
        })
    }

    /// The file inside an installed Python package, if there is one of the right length.
    fn installed(&self, model: &LanguageModel) -> Option<PathBuf> {
        // Finds the package without running it. Its name is passed as an argument, never as code.
        const PROGRAM: &str = "import sys, importlib.util as u; s = u.find_spec(sys.argv[1]); \
                               print(list(s.submodule_search_locations)[0] if s else '')";
        let (package, inside) = model.pypi.member.split_once('/')?;
        let output = Command::new(&self.python)
            .args(["-c", PROGRAM, package])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        let folder = folder.trim();
        let path = Path::new(folder).join(inside);
        (output.status.success() && !folder.is_empty() && has_length(&path, model.bytes)).then_some(path)
    }
}

/// Reads the file of a language model into memory and checks its hash.
///
/// # Errors
/// [`CacheError::Open`] and [`CacheError::Hash`] name the file.
pub fn read_language_model(path: &Path, model: &LanguageModel) -> Result<Vec<u8>, CacheError> {
    read(path, model.bytes, &model.sha256)
}

/// Reads one file of a model into memory and checks its hash. `weights` is the folder of the
/// manifest.
///
/// # Errors
/// [`CacheError::Open`] and [`CacheError::Hash`] name the file.
pub fn read_model_file(weights: &Path, file: &ModelFile) -> Result<Vec<u8>, CacheError> {
    read(&weights.join(&file.path), file.bytes, &file.sha256)
}

/// Reads all files of a model in the order of its row.
///
/// # Errors
/// As [`read_model_file`], for the first file that fails.
pub fn read_model_files(weights: &Path, model: &Model) -> Result<Vec<Vec<u8>>, CacheError> {
    model.files.iter().map(|file| read_model_file(weights, file)).collect()
}

fn read(path: &Path, bytes: u64, sha256: &str) -> Result<Vec<u8>, CacheError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| CacheError::Open {
        path: name.clone(),
        source,
    })?;
    let expected = Expected {
        name: &name,
        bytes,
        sha256,
    };
    Ok(hash::read_verified(file, expected)?)
}

pub(crate) fn has_length(path: &Path, bytes: u64) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.len() == bytes)
}
