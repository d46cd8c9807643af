//! The few things that a run asks of the place that keeps its files, as a trait. Tests put a disk
//! in its place that fails at every step and loses what was not synced.
//!
//! Its functions are asynchronous, because those of a browser's file system are. The file system of
//! this machine answers at once.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::RunError;

/// A lock, held until it is dropped or the process ends, however it ends.
pub type Lock = Box<dyn Any>;

/// A disk.
#[expect(async_fn_in_trait, reason = "a run stays on the thread that it began on")]
pub trait Disk {
    /// Creates a folder and those above it, and syncs the entry in the folder above.
    async fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// The bytes of a file; none where there is no file.
    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// Writes a file from its start; it may not be on the disk yet.
    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes at the end of a file that exists; the bytes may not be on the disk yet.
    async fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file to so many bytes.
    async fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;
    /// Returns once a file's bytes are on the disk.
    async fn sync(&self, path: &Path) -> io::Result<()>;
    /// Returns once a folder's entries are on the disk.
    async fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Renames a file, over another one if there is one.
    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file if it exists.
    async fn remove(&self, path: &Path) -> io::Result<()>;
    /// Locks a file, which is created; none where another process holds it.
    async fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// A disk in memory: what is written to it is gone with it. Clones share its files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: Rc<RefCell<BTreeMap<PathBuf, Vec<u8>>>>,
    locked: Rc<RefCell<BTreeMap<PathBuf, Rc<()>>>>,
}

impl Memory {
    /// Every file with its bytes, in the order of their paths.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.files.borrow().clone()
    }

    fn file<T>(&self, path: &Path, act: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let mut files = self.files.borrow_mut();
        Ok(act(files.get_mut(path).ok_or(ErrorKind::NotFound)?))
    }
}

impl Disk for Memory {
    async fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.borrow().get(path).cloned())
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.file(path, |file| file.extend_from_slice(bytes))
    }

    async fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.file(path, |file| file.resize(length.min(file.len()), 0))
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        self.file(path, |_| ())
    }

    async fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.borrow_mut();
        let bytes = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.borrow_mut().remove(path);
        Ok(())
    }

    async fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut locked = self.locked.borrow_mut();
        let lock = locked.entry(path.to_owned()).or_default();
        // Whoever holds the lock has a second reference to it.
        let is_free = Rc::strong_count(lock) == 1;
        Ok(is_free.then(|| Box::new(Rc::clone(lock)) as Lock))
    }
}

/// The temporary name of a file. It is the same every time: the lock sees to it that one process
/// uses it, and what a dead one left is found.
pub(crate) fn temporary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.tmp"))
}

/// Replaces a file: at any time, and after a power cut, it is the old one or the new one.
pub(crate) async fn replace(disk: &impl Disk, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), RunError> {
    let (path, temporary) = (folder.join(name), temporary(folder, name));
    disk.write(&temporary, bytes)
        .await
        .map_err(RunError::disk("write", &path))?;
    disk.sync(&temporary).await.map_err(RunError::disk("write", &path))?;
    disk.rename(&temporary, &path)
        .await
        .map_err(RunError::disk("replace", &path))?;
    disk.sync_folder(folder).await.map_err(RunError::disk("write", folder))
}
