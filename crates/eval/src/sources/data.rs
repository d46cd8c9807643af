//! Where the files of benchmarks come from: a folder of this machine, memory, or what a browser
//! holds.
//!
//! Reading does not wait: a browser's worker reads uploaded files and its own file system at once
//! when they are open, and opens them before a task is loaded.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What holds the files of benchmarks.
pub trait DataSource: fmt::Debug + Send + Sync {
    /// Whether there is a file or a folder at a path.
    fn exists(&self, path: &Path) -> bool;

    /// A file from its start. It may be a device or a pipe, which does not say how long it is.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    fn stream(&self, path: &Path) -> io::Result<Box<dyn Read>>;

    /// A file of which parts are read.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DataFile>>;

    /// Names of the files in a folder, in any order.
    ///
    /// # Errors
    /// A folder that is missing or cannot be read.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Where the file is on this machine's disk; none where it is not on one.
    fn on_disk(&self, path: &Path) -> Option<PathBuf>;
}

/// An open file.
pub trait DataFile: fmt::Debug + Send + Sync {
    /// Its length, bytes.
    fn size(&self) -> u64;

    /// Reads bytes from a place on, as many as there are and fit; 0 at the end.
    ///
    /// # Errors
    /// What the source says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A file or a folder of a source.
#[derive(Clone, Debug)]
pub struct DataPath {
    source: Arc<dyn DataSource>,
    path: PathBuf,
}

impl DataPath {
    /// A path of a source.
    pub fn new(source: Arc<dyn DataSource>, path: impl Into<PathBuf>) -> Self {
        Self {
            source,
            path: path.into(),
        }
    }

    /// The file with a name in this folder.
    pub fn join(&self, name: impl AsRef<Path>) -> Self {
        Self::new(Arc::clone(&self.source), self.path.join(name))
    }

    /// The path, for errors.
    pub fn display(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// The last part of the path; empty where there is none.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Whether there is a file or a folder.
    pub fn exists(&self) -> bool {
        self.source.exists(&self.path)
    }

    /// The file from its start.
    ///
    /// # Errors
    /// As [`DataSource::stream`].
    pub fn stream(&self) -> io::Result<Box<dyn Read>> {
        self.source.stream(&self.path)
    }

    /// The file, of which parts are read.
    ///
    /// # Errors
    /// As [`DataSource::open`].
    pub fn open(&self) -> io::Result<Arc<dyn DataFile>> {
        self.source.open(&self.path)
    }

    /// Names of the files in this folder, in any order.
    ///
    /// # Errors
    /// As [`DataSource::names`].
    pub fn names(&self) -> io::Result<Vec<String>> {
        self.source.names(&self.path)
    }

    /// Where it is on this machine's disk; none where it is not on one.
    pub fn on_disk(&self) -> Option<PathBuf> {
        self.source.on_disk(&self.path)
    }
}

impl Default for DataPath {
    /// A path at which there is nothing.
    fn default() -> Self {
        Self::new(Arc::new(MemoryFiles::default()), "")
    }
}

/// A path of this machine's disk.
impl<P: AsRef<Path> + ?Sized> From<&P> for DataPath {
    fn from(path: &P) -> Self {
        Self::new(Arc::new(LocalFiles), path.as_ref())
    }
}

/// This machine's disk. In a browser, which has none, every call fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFiles;

/// A file of this machine's disk. Readers share its position, so one reads at a time.
#[derive(Debug)]
struct LocalFile {
    file: Mutex<File>,
    size: u64,
}

impl DataSource for LocalFiles {
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn stream(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DataFile>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let file = Mutex::new(file);
        Ok(Arc::new(LocalFile { file, size }))
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(folder)?.map(name).collect()
    }

    fn on_disk(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }
}

impl DataFile for LocalFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }
}

/// Files in memory, by their paths. A folder is what stands before a path's last parts.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Arc<[u8]>>);

impl MemoryFiles {
    /// Adds a file, or replaces one.
    pub fn add(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Arc<[u8]>>) {
        self.0.insert(path.into(), bytes.into());
    }

    fn file(&self, path: &Path) -> io::Result<Arc<[u8]>> {
        let missing = || io::Error::new(ErrorKind::NotFound, "there is no such file");
        self.0.get(path).cloned().ok_or_else(missing)
    }
}

impl DataSource for MemoryFiles {
    fn exists(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.starts_with(path))
    }

    fn stream(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(self.file(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DataFile>> {
        Ok(Arc::new(MemoryFile(self.file(path)?)))
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inside = self.0.keys().filter(|file| file.parent() == Some(folder));
        let names = inside.filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
        Ok(names.collect())
    }

    fn on_disk(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
}

/// A file in memory: its bytes.
#[derive(Debug)]
pub struct MemoryFile(pub Arc<[u8]>);

impl DataFile for MemoryFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        (&self.0[start..]).read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory and a folder with the same files say the same.
    #[test]
    fn memory_is_as_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("in")).expect("a folder");
        let mut memory = MemoryFiles::default();
        for (name, text) in [("in/a", "first"), ("in/b", "second"), ("c", "")] {
            fs::write(folder.path().join(name), text).expect("a file");
            memory.add(name, text.as_bytes());
        }
        let both = [DataPath::from(folder.path()), DataPath::new(Arc::new(memory), "")];
        for root in both {
            for (name, there) in [("in/a", true), ("in", true), ("c", true), ("d", false), ("in/c", false)] {
                assert_eq!(root.join(name).exists(), there, "{root:?} {name}");
            }
            let mut names = root.join("in").names().expect("names");
            names.sort();
            assert_eq!(names, ["a", "b"]);
            let mut text = String::new();
            let mut stream = root.join("in/b").stream().expect("a file");
            stream.read_to_string(&mut text).expect("text");
            assert_eq!(text, "second");
            let file = root.join("in/b").open().expect("a file");
            let mut buffer = [0; 4];
            assert_eq!(file.size(), 6);
            assert_eq!(file.read_at(3, &mut buffer).expect("bytes"), 3);
            assert_eq!(buffer[..3], b"second"[3..]);
            assert_eq!(file.read_at(6, &mut buffer).expect("the end"), 0);
            let missing = root.join("d").stream().map(|_| ()).expect_err("nothing there");
            assert_eq!(missing.kind(), ErrorKind::NotFound);
        }
    }
}
