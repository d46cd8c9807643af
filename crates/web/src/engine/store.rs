//! Where downloaded parts are kept between visits: the origin's private file system, else the Cache
//! API. Without either, memory keeps them until the models are loaded.
//!
//! A store is never believed: what comes out of it is hashed again by [`super::download`]. So a
//! write that was cut short, or two tabs that write the same part, cost a download at worst.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::Future;

use js_sys::{AsyncIterator, Uint8Array};
use sightline_checkpoint::bundle::Part;
use sightline_messages::Store as Kind;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Cache, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle, Response,
};

use super::browser::{name, property, scope, within};

/// The folder, or the cache, of this program alone.
const NAME: &str = "sightline-parts";
/// What the parts' names in the Cache API begin with; never fetched.
const PREFIX: &str = "/sightline-parts/";

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
}

impl Store {
    /// The best that this browser has. One that does not answer is as good as none.
    pub(super) async fn open() -> Self {
        if let Some(Ok(folder)) = within(MOST_MS, opfs()).await {
            return Self::at(Place::Opfs(folder));
        }
        match within(MOST_MS, cache()).await {
            Some(Ok(cache)) => Self::at(Place::Cache(cache)),
            _ => Self::memory(),
        }
    }

    /// Memory alone.
    pub(super) fn memory() -> Self {
        Self::at(Place::Memory(RefCell::default()))
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
        }
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
            Place::Opfs(folder) => Some(opfs_file(folder, part).await.ok()?.size()),
            Place::Cache(cache) => {
                let response = cached(cache, part).await.ok()??;
                response.headers().get("content-length").ok()??.parse().ok()
            }
            Place::Memory(parts) => Some(parts.borrow().get(&part.sha256)?.length().into()),
        }
    }

    /// A part's bytes as they were kept; not verified.
    pub(super) async fn get(&self, part: &Part) -> Option<Uint8Array> {
        self.answer(self.read(part)).await.flatten()
    }

    async fn read(&self, part: &Part) -> Option<Uint8Array> {
        let buffer = match &self.place {
            Place::Opfs(folder) => {
                let file = opfs_file(folder, part).await.ok()?;
                // Length before content: whatever lies there may be of any size.
                (file.size() == part.bytes as f64).then(|| file.array_buffer())?
            }
            Place::Cache(cache) => cached(cache, part).await.ok()??.array_buffer().ok()?,
            Place::Memory(parts) => return parts.borrow().get(&part.sha256).cloned(),
        };
        let bytes = Uint8Array::new(&JsFuture::from(buffer).await.ok()?);
        (u64::from(bytes.length()) == part.bytes).then_some(bytes)
    }

    /// Keeps a part.
    pub(super) async fn put(&self, part: &Part, bytes: &Uint8Array) -> Result<(), NotKept> {
        let write = async {
            match &self.place {
                Place::Opfs(folder) => opfs_write(folder, part, bytes).await,
                Place::Cache(cache) => cache_write(cache, part, bytes).await,
                Place::Memory(parts) => {
                    parts.borrow_mut().insert(part.sha256.clone(), bytes.clone());
                    Ok(())
                }
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
            Place::Cache(cache) => cache.delete_with_str(&format!("{PREFIX}{hash}")),
            Place::Memory(parts) => {
                parts.borrow_mut().remove(hash);
                return;
            }
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
        let mut hashes = Vec::new();
        match &self.place {
            Place::Opfs(folder) => {
                let keys: AsyncIterator = folder.keys();
                while let Ok(promise) = keys.next() {
                    let Ok(step) = JsFuture::from(promise).await else {
                        break;
                    };
                    match property(&step, "value").and_then(|value| value.as_string()) {
                        Some(hash) => hashes.push(hash),
                        None => break,
                    }
                }
            }
            Place::Cache(cache) => {
                if let Ok(keys) = JsFuture::from(cache.keys()).await {
                    for request in js_sys::Array::from(&keys).iter() {
                        let url = property(&request, "url").and_then(|url| url.as_string());
                        hashes.extend(url.and_then(|url| url.rsplit_once('/').map(|(_, hash)| hash.to_owned())));
                    }
                }
            }
            Place::Memory(parts) => hashes.extend(parts.borrow().keys().cloned()),
        }
        hashes
    }
}

async fn opfs() -> Result<FileSystemDirectoryHandle, JsValue> {
    let scope = scope()?;
    let navigator = scope.navigator();
    // Over plain http neither of these is there, and asking nothing for a folder would throw past
    // every `?`.
    let storage = property(&navigator, "storage").ok_or("no storage")?;
    property(&storage, "getDirectory").ok_or("no private files")?;
    let root = JsFuture::from(navigator.storage().get_directory()).await?;
    let root: FileSystemDirectoryHandle = root.dyn_into()?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder: FileSystemDirectoryHandle = JsFuture::from(root.get_directory_handle_with_options(NAME, &options))
        .await?
        .dyn_into()?;
    // Some browsers have the folders and not the files; only a file that opens proves them.
    let probe = opfs_handle(&folder, "probe", true).await?;
    let access: FileSystemSyncAccessHandle = JsFuture::from(probe.create_sync_access_handle()).await?.dyn_into()?;
    access.close();
    JsFuture::from(folder.remove_entry("probe")).await?;
    Ok(folder)
}

async fn opfs_handle(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    JsFuture::from(folder.get_file_handle_with_options(name, &options))
        .await?
        .dyn_into()
}

async fn opfs_file(folder: &FileSystemDirectoryHandle, part: &Part) -> Result<Blob, JsValue> {
    let handle = opfs_handle(folder, &part.sha256, false).await?;
    JsFuture::from(handle.get_file()).await?.dyn_into()
}

async fn opfs_write(folder: &FileSystemDirectoryHandle, part: &Part, bytes: &Uint8Array) -> Result<(), JsValue> {
    let handle = opfs_handle(folder, &part.sha256, true).await?;
    let access: FileSystemSyncAccessHandle = JsFuture::from(handle.create_sync_access_handle()).await?.dyn_into()?;
    let written = opfs_fill(&access, bytes);
    access.close();
    written
}

fn opfs_fill(access: &FileSystemSyncAccessHandle, bytes: &Uint8Array) -> Result<(), JsValue> {
    access.truncate_with_f64(0.0)?;
    let options = FileSystemReadWriteOptions::new();
    options.set_at(0.0);
    let written = access.write_with_js_u8_array_and_options(bytes, &options)?;
    access.flush()?;
    if written == f64::from(bytes.length()) {
        return Ok(());
    }
    // Cut short without an exception: only a full disk does that.
    let error = js_sys::Error::new("the part was cut short");
    error.set_name("QuotaExceededError");
    Err(error.into())
}

async fn cache() -> Result<Cache, JsValue> {
    let scope = scope()?;
    property(&scope, "caches").ok_or("no caches")?;
    JsFuture::from(scope.caches()?.open(NAME)).await?.dyn_into()
}

async fn cached(cache: &Cache, part: &Part) -> Result<Option<Response>, JsValue> {
    let found = JsFuture::from(cache.match_with_str(&format!("{PREFIX}{}", part.sha256))).await?;
    Ok(found.dyn_into().ok())
}

async fn cache_write(cache: &Cache, part: &Part, bytes: &Uint8Array) -> Result<(), JsValue> {
    let response = Response::new_with_opt_js_u8_array(Some(bytes))?;
    response.headers().set("content-length", &part.bytes.to_string())?;
    JsFuture::from(cache.put_with_str(&format!("{PREFIX}{}", part.sha256), &response)).await?;
    Ok(())
}
