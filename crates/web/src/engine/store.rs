//! Where downloaded parts are kept between visits: the origin's private file system, else the Cache
//! API. Without either, memory keeps them until the models are loaded.
//!
//! A store is never believed: what comes out of it is hashed again by [`super::download`]. So a
//! write that was cut short, or two tabs that write the same part, cost a download at worst.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::Future;

use js_sys::Uint8Array;
use sightline_checkpoint::bundle::Part;
use sightline_messages::Store as Kind;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, File, FileSystemDirectoryHandle};

use super::browser::{name, within};
use super::{cache, opfs};

/// How long a store may take to open, ms.
const MOST_MS: i32 = 5_000;
/// How long one request may take, ms: at most 16 MiB are read or written.
const REQUEST_MS: i32 = 20_000;

/// Why a part was not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotKept {
    /// The browser gives this page no more room.
    Full,
    /// The browser does not answer.
    Silent,
    /// Anything else, for example another tab that writes the same part.
    Busy,
}

/// A place for parts.
pub(super) struct Store {
    place: Place,
    /// Set by the first request without an answer. No other one is waited for then.
    silent: Cell<bool>,
}

enum Place {
    Opfs(FileSystemDirectoryHandle),
    Cache(Cache),
    /// By their hashes.
    Memory(RefCell<HashMap<String, Uint8Array>>),
    /// The visitor's files, by their paths. They are only read.
    Folder(HashMap<String, File>),
}

impl Store {
    /// The best that this browser has. One that does not answer is as good as none.
    pub(super) async fn open() -> Self {
        if let Some(Ok(folder)) = within(MOST_MS, opfs::open()).await {
            return Self::at(Place::Opfs(folder));
        }
        match within(MOST_MS, cache::open()).await {
            Some(Ok(cache)) => Self::at(Place::Cache(cache)),
            _ => Self::memory(),
        }
    }

    /// Memory alone.
    pub(super) fn memory() -> Self {
        Self::at(Place::Memory(RefCell::default()))
    }

    /// The folder that the visitor opened.
    pub(super) fn folder(files: HashMap<String, File>) -> Self {
        Self::at(Place::Folder(files))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            silent: Cell::new(false),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.place {
            Place::Opfs(_) => Kind::Opfs,
            Place::Cache(_) => Kind::Cache,
            Place::Memory(_) => Kind::Memory,
            Place::Folder(_) => Kind::Folder,
        }
    }

    /// Whether parts stay for another load.
    pub(super) fn keeps(&self) -> bool {
        self.kind() != Kind::Memory
    }

    /// Lets go of what memory kept: the models are where they belong.
    pub(super) fn let_go(&self) {
        if let Place::Memory(parts) = &self.place {
            parts.borrow_mut().clear();
        }
    }

    /// What the browser answers, if it does.
    async fn answer<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        if self.silent.get() {
            return None;
        }
        let answer = within(REQUEST_MS, request).await;
        if answer.is_none() {
            self.silent.set(true);
        }
        answer
    }

    /// Whether a part of this hash and length is there.
    pub(super) async fn has(&self, part: &Part) -> bool {
        self.answer(self.length(part)).await.flatten() == Some(part.bytes as f64)
    }

    async fn length(&self, part: &Part) -> Option<f64> {
        match &self.place {
            Place::Opfs(folder) => Some(opfs::file(folder, part).await.ok()?.size()),
            Place::Cache(cache) => {
                let response = cache::find(cache, part).await.ok()??;
                response.headers().get("content-length").ok()??.parse().ok()
            }
            Place::Memory(parts) => Some(parts.borrow().get(&part.sha256)?.length().into()),
            Place::Folder(files) => Some(files.get(&part.path())?.size()),
        }
    }

    /// A part's bytes as they were kept; not verified.
    pub(super) async fn get(&self, part: &Part) -> Option<Uint8Array> {
        self.answer(self.read(part)).await.flatten()
    }

    async fn read(&self, part: &Part) -> Option<Uint8Array> {
        let buffer = match &self.place {
            Place::Opfs(folder) => {
                let file = opfs::file(folder, part).await.ok()?;
                // Length before content: whatever lies there may be of any size.
                (file.size() == part.bytes as f64).then(|| file.array_buffer())?
            }
            Place::Cache(cache) => cache::find(cache, part).await.ok()??.array_buffer().ok()?,
            Place::Memory(parts) => return parts.borrow().get(&part.sha256).cloned(),
            Place::Folder(files) => {
                let file = files.get(&part.path())?;
                (file.size() == part.bytes as f64).then(|| file.array_buffer())?
            }
        };
        let bytes = Uint8Array::new(&JsFuture::from(buffer).await.ok()?);
        (u64::from(bytes.length()) == part.bytes).then_some(bytes)
    }

    /// Keeps a part.
    pub(super) async fn put(&self, part: &Part, bytes: &Uint8Array) -> Result<(), NotKept> {
        let write = async {
            match &self.place {
                Place::Opfs(folder) => opfs::write(folder, part, bytes).await,
                Place::Cache(cache) => cache::write(cache, part, bytes).await,
                Place::Memory(parts) => {
                    parts.borrow_mut().insert(part.sha256.clone(), bytes.clone());
                    Ok(())
                }
                Place::Folder(_) => Ok(()),
            }
        };
        let error = match self.answer(write).await {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => error,
            None => return Err(NotKept::Silent),
        };
        self.remove(&part.sha256).await;
        Err(match name(&error).as_str() {
            "QuotaExceededError" => NotKept::Full,
            _ => NotKept::Busy,
        })
    }

    /// Removes a part, if it is there.
    pub(super) async fn remove(&self, hash: &str) {
        let promise = match &self.place {
            Place::Opfs(folder) => folder.remove_entry(hash),
            Place::Cache(cache) => cache.delete_with_str(&cache::address(hash)),
            Place::Memory(parts) => {
                parts.borrow_mut().remove(hash);
                return;
            }
            Place::Folder(_) => return,
        };
        // Not there is what was wanted; in use by another tab is that tab's business.
        let _ = self.answer(JsFuture::from(promise)).await;
    }

    /// Removes every part but those named: parts of an earlier version of the page.
    pub(super) async fn retain(&self, named: &HashSet<&str>) {
        for hash in self.answer(self.hashes()).await.unwrap_or_default() {
            if !named.contains(hash.as_str()) {
                self.remove(&hash).await;
            }
        }
    }

    /// Names of all parts that are there.
    async fn hashes(&self) -> Vec<String> {
        match &self.place {
            Place::Opfs(folder) => opfs::hashes(folder).await,
            Place::Cache(cache) => cache::hashes(cache).await,
            Place::Memory(parts) => parts.borrow().keys().cloned().collect(),
            Place::Folder(_) => Vec::new(),
        }
    }
}
