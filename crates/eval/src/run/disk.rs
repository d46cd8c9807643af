//! The few things a run asks of a disk, as a trait: tests put a disk in its place that fails at
//! every step and loses what was not synced.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RunError;

/// A lock, held until it is dropped or the process ends, however it ends.
pub type Lock = Box<dyn Any>;

/// A disk.
pub trait Disk {
    /// Creates a folder and those above it, and syncs the entry in the folder above.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// The bytes of a file; none where there is no file.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// Writes a file from its start; it may not be on the disk yet.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes at the end of a file that exists; the bytes may not be on the disk yet.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file to so many bytes.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;
    /// Returns once a file's bytes are on the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Returns once a folder's entries are on the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Renames a file, over another one if there is one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file if it exists.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Locks a file, which is created; none where another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl Disk for FileSystem {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        self.create_folder_above(above)?;
        // Another process may have been faster.
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => return Err(error),
            _ => {}
        }
        self.sync_folder(above)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().append(true).open(path)?.write_all(bytes)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(length)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened, and its entries need no sync.
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl FileSystem {
    fn create_folder_above(&self, above: &Path) -> io::Result<()> {
        if above == Path::new(".") {
            return Ok(());
        }
        self.create_folder(above)
    }
}

/// The temporary name of a file. It is the same every time: the lock sees to it that one process
/// uses it, and what a dead one left is found.
pub(crate) fn temporary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.tmp"))
}

/// Replaces a file: at any time, and after a power cut, it is the old one or the new one.
pub(crate) fn replace(disk: &dyn Disk, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), RunError> {
    let (path, temporary) = (folder.join(name), temporary(folder, name));
    disk.write(&temporary, bytes).map_err(RunError::disk("write", &path))?;
    disk.sync(&temporary).map_err(RunError::disk("write", &path))?;
    disk.rename(&temporary, &path)
        .map_err(RunError::disk("replace", &path))?;
    disk.sync_folder(folder).map_err(RunError::disk("write", folder))
}
