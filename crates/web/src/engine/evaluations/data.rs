//! Files of benchmarks: those of a folder that the visitor opened, and the pictures that the page
//! has itself. They are read when they are needed, as a worker may: without waiting.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use js_sys::{ArrayBuffer, Uint8Array};
use sightline_eval::benchmarks::gallery;
use sightline_eval::sources::data::{DataFile, DataSource, MemoryFile};
use sightline_eval::tasks::{DataPath, Task};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileReaderSync};

use crate::engine::browser::message;
use crate::engine::request::Request;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

thread_local! {
    /// The files of the folder. They are the browser's objects, which stay on their thread; a
    /// source holds their places.
    static FILES: RefCell<Vec<File>> = const { RefCell::new(Vec::new()) };
}

/// Whether the pictures of a task are made here.
pub(crate) fn is_made(task: &Task) -> bool {
    gallery::TASKS.contains(&task.id)
}

/// All files that tasks can read.
#[derive(Default)]
pub(crate) struct TabFiles {
    /// Name of the visitor's folder, and its files by their places.
    folder: Option<(String, Vec<String>)>,
    /// Files that the page has, once they are here.
    own: BTreeMap<PathBuf, Arc<[u8]>>,
}

impl TabFiles {
    /// The visitor opened a folder. `files`: in the order of `paths`.
    pub(crate) fn open(&mut self, name: String, mut paths: Vec<String>, files: Vec<File>) {
        paths.truncate(files.len());
        self.folder = Some((name, paths));
        FILES.set(files);
    }

    /// Name of the visitor's folder, and how many files it has.
    pub(crate) fn folder(&self) -> Option<(String, u32)> {
        let (name, paths) = self.folder.as_ref()?;
        Some((name.clone(), paths.len() as u32))
    }

    /// The root of all files.
    pub(crate) fn path(&self) -> DataPath {
        let mut files: BTreeMap<PathBuf, Held> = BTreeMap::new();
        for (place, path) in self.folder.iter().flat_map(|folder| folder.1.iter().enumerate()) {
            files.insert(path.into(), Held::Tab(place));
        }
        // A folder of the visitor may have others of the same name.
        let own = self.own.iter();
        files.extend(own.map(|(path, bytes)| (path.clone(), Held::Memory(Arc::clone(bytes)))));
        let folders = files
            .keys()
            .flat_map(|path| path.ancestors().skip(1).map(Path::to_owned));
        let folders: BTreeSet<PathBuf> = folders.collect();
        DataPath::new(Arc::new(Source { files, folders }), "")
    }

    /// Fetches the pictures that the page has itself. `base`: an address beside them.
    pub(crate) async fn fetch_own(&mut self, base: &str) -> Result<(), String> {
        for name in gallery::files() {
            if !self.own.contains_key(Path::new(&name)) {
                let bytes = fetch(base, &name).await.map_err(|error| {
                    format!(
                        "The picture {name} of this page did not come ({}). Check the connection and try again.",
                        message(&error)
                    )
                })?;
                self.own.insert(name.into(), bytes.into());
            }
        }
        Ok(())
    }
}

async fn fetch(base: &str, name: &str) -> Result<Vec<u8>, JsValue> {
    let url = web_sys::Url::new_with_base(name, base)?;
    let request = Request::new()?;
    let response = request.get(&url.href()).await?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()).into());
    }
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Where a file is.
#[derive(Clone, Debug)]
enum Held {
    /// The place in [`FILES`].
    Tab(usize),
    Memory(Arc<[u8]>),
}

#[derive(Debug)]
struct Source {
    files: BTreeMap<PathBuf, Held>,
    folders: BTreeSet<PathBuf>,
}

impl DataSource for Source {
    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(path) || self.folders.contains(path)
    }

    fn stream(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        let file = self.open(path)?;
        Ok(Box::new(BufReader::with_capacity(PIECE, FromStart { file, at: 0 })))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DataFile>> {
        let missing = || io::Error::new(ErrorKind::NotFound, "there is no such file in the folder");
        Ok(match self.files.get(path).ok_or_else(missing)? {
            Held::Memory(bytes) => Arc::new(MemoryFile(Arc::clone(bytes))),
            Held::Tab(place) => Arc::new(TabFile::open(*place)?),
        })
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inside = self.files.keys().filter(|path| path.parent() == Some(folder));
        let names = inside.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        Ok(names.collect())
    }

    fn on_disk(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
}

/// A file of the visitor.
#[derive(Debug)]
struct TabFile {
    place: usize,
    size: u64,
    /// The bytes that were read last, and where they begin: readers ask for a little at a time.
    last: Mutex<(u64, Vec<u8>)>,
}

impl TabFile {
    fn open(place: usize) -> io::Result<Self> {
        let size = with_file(place, |file| Ok(file.size()))? as u64;
        Ok(Self {
            place,
            size,
            last: Mutex::default(),
        })
    }
}

impl DataFile for TabFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, bytes) = &*last;
        if !(*begin..begin + bytes.len() as u64).contains(&offset) {
            let end = (offset + buffer.len().max(PIECE) as u64).min(self.size);
            *last = (offset, read(self.place, offset, end)?);
        }
        let (begin, bytes) = &*last;
        (&bytes[(offset - begin) as usize..]).read(buffer)
    }
}

fn with_file<T>(place: usize, act: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
    FILES.with_borrow(|files| match files.get(place) {
        Some(file) => act(file),
        // Another folder was opened meanwhile.
        None => Err(io::Error::new(ErrorKind::NotFound, "the folder is no longer open")),
    })
}

/// Bytes of a file, at once.
fn read(place: usize, from: u64, to: u64) -> io::Result<Vec<u8>> {
    with_file(place, |file| {
        let cannot = |error: JsValue| io::Error::other(format!("the browser says: {}", message(&error)));
        let piece = file.slice_with_f64_and_f64(from as f64, to as f64).map_err(cannot)?;
        let reader = FileReaderSync::new().map_err(cannot)?;
        let buffer: ArrayBuffer = reader.read_as_array_buffer(&piece).map_err(cannot)?.unchecked_into();
        let bytes = Uint8Array::new(&buffer).to_vec();
        match bytes.len() as u64 == to - from {
            true => Ok(bytes),
            false => Err(io::Error::other("the file has changed since the folder was opened")),
        }
    })
}

/// A file from a place on.
struct FromStart {
    file: Arc<dyn DataFile>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}
