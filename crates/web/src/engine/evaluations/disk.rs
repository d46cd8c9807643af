//! Runs in the origin's private file system, as on a disk; in memory where a browser has none.
//!
//! A file is written through an access handle, which is flushed and closed before the call returns:
//! what was written is there whatever happens to the tab. A file is replaced by moving another one
//! over it, which happens at once or not at all.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use js_sys::{AsyncIterator, Function, Promise, Reflect, Uint8Array};
use sightline_evaluation::run::disk::{Disk, Lock, Memory};
use sightline_evaluation::run::names::KEY;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemRemoveOptions, FileSystemSyncAccessHandle,
};

use crate::engine::browser::{message, name, pause, property, scope, sleep, within};

/// The folder of all evaluations.
const NAME: &str = "sightline-evaluations";
/// How long the browser may take to open it, ms.
const MOST_MS: i32 = 5_000;
/// How often a file is asked for that something else has open, and how long between, ms. A worker
/// that has ended lets go of its files a moment later.
const TRIES: u32 = 20;
const BETWEEN_MS: i32 = 100;

/// Where runs are kept.
#[derive(Clone)]
pub(crate) enum RunDisk {
    Opfs(FileSystemDirectoryHandle),
    Memory(Memory),
}

impl RunDisk {
    /// The best that this browser has.
    pub(crate) async fn open() -> Self {
        match within(MOST_MS, open()).await {
            Some(Ok(folder)) => Self::Opfs(folder),
            _ => Self::Memory(Memory::default()),
        }
    }

    /// Whether runs are there at the next visit.
    pub(crate) fn keeps(&self) -> bool {
        matches!(self, Self::Opfs(_))
    }

    /// Folders of runs below a folder, sorted.
    pub(crate) async fn runs(&self, below: &str) -> Vec<PathBuf> {
        let mut found = match self {
            Self::Memory(memory) => {
                let files = memory.files().into_keys();
                let keys = files.filter(|path| path.file_name() == Some(KEY.as_ref()) && path.starts_with(below));
                keys.filter_map(|path| Some(path.parent()?.to_owned())).collect()
            }
            Self::Opfs(root) => {
                let mut found = Vec::new();
                let mut rest = vec![PathBuf::from(below)];
                while let Some(folder) = rest.pop() {
                    let Ok(handle) = folder_at(root, &folder, false).await else {
                        continue;
                    };
                    for (name, is_folder) in entries(&handle).await {
                        match is_folder {
                            true => rest.push(folder.join(name)),
                            false if name == KEY => found.push(folder.clone()),
                            false => {}
                        }
                    }
                }
                found
            }
        };
        found.sort();
        found
    }

    /// Removes a folder with all that is in it.
    pub(crate) async fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Memory(memory) => {
                let files = memory.files().into_keys().filter(|path| path.starts_with(folder));
                for path in files {
                    memory.remove(&path).await?;
                }
                Ok(())
            }
            Self::Opfs(root) => {
                let (above, name) = parent(root, folder).await?;
                let options = FileSystemRemoveOptions::new();
                options.set_recursive(true);
                JsFuture::from(above.remove_entry_with_options(&name, &options))
                    .await
                    .map_err(failed)?;
                Ok(())
            }
        }
    }
}

/// The folder in the private file system, if files can be written, locked and moved there.
async fn open() -> Result<FileSystemDirectoryHandle, JsValue> {
    let navigator = scope()?.navigator();
    // Over plain http neither of these is there.
    let storage = property(&navigator, "storage").ok_or("no storage")?;
    property(&storage, "getDirectory").ok_or("no private files")?;
    let root: FileSystemDirectoryHandle = JsFuture::from(navigator.storage().get_directory()).await?.dyn_into()?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder: FileSystemDirectoryHandle = JsFuture::from(root.get_directory_handle_with_options(NAME, &options))
        .await?
        .dyn_into()?;
    prove(&folder).await?;
    Ok(folder)
}

/// Some browsers have folders and no files that open, or files that cannot be moved.
async fn prove(folder: &FileSystemDirectoryHandle) -> Result<(), JsValue> {
    // Two tabs may try at once.
    let id = js_sys::Math::random().to_string();
    let (from, to) = (format!("probe-{id}"), format!("proof-{id}"));
    let tried = async {
        for (file, bytes) in [(&from, b"new"), (&to, b"old")] {
            let access = access(&file_in(folder, file, true).await?).await?;
            let written = put(&access, 0.0, bytes);
            access.close();
            written?;
        }
        shift(&file_in(folder, &from, false).await?, &to).await?;
        match content(&file_in(folder, &to, false).await?).await?.as_slice() {
            b"new" => Ok(()),
            _ => Err(JsValue::from("files are not replaced")),
        }
    };
    let proven = tried.await;
    for name in [&from, &to] {
        let _ = JsFuture::from(folder.remove_entry(name)).await;
    }
    proven
}

/// What the browser says as an error of the disk.
fn failed(error: JsValue) -> io::Error {
    let kind = match name(&error).as_str() {
        "QuotaExceededError" => ErrorKind::QuotaExceeded,
        "NotFoundError" => ErrorKind::NotFound,
        "NoModificationAllowedError" => ErrorKind::ResourceBusy,
        _ => return io::Error::other(message(&error)),
    };
    io::Error::new(kind, message(&error))
}

async fn folder_at(
    root: &FileSystemDirectoryHandle,
    folder: &Path,
    create: bool,
) -> io::Result<FileSystemDirectoryHandle> {
    let mut handle = root.clone();
    for part in folder.components() {
        let Component::Normal(name) = part else { continue };
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(create);
        let next = handle.get_directory_handle_with_options(&name.to_string_lossy(), &options);
        handle = JsFuture::from(next).await.map_err(failed)?.unchecked_into();
    }
    Ok(handle)
}

/// The folder of a file, and the file's name in it.
async fn parent(root: &FileSystemDirectoryHandle, path: &Path) -> io::Result<(FileSystemDirectoryHandle, String)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = folder_at(root, path.parent().unwrap_or(Path::new("")), false).await?;
    Ok((folder, name))
}

async fn file_in(
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

/// Opens a file to write. Nobody else has it open then.
async fn access(file: &FileSystemFileHandle) -> Result<FileSystemSyncAccessHandle, JsValue> {
    JsFuture::from(file.create_sync_access_handle()).await?.dyn_into()
}

/// The same, waiting a moment for one that has just ended.
async fn patiently(file: &FileSystemFileHandle) -> Result<FileSystemSyncAccessHandle, JsValue> {
    for _ in 1..TRIES {
        match access(file).await {
            Err(error) if name(&error) == "NoModificationAllowedError" => sleep(BETWEEN_MS).await,
            other => return other,
        }
    }
    access(file).await
}

/// Writes bytes at a place, and has them on the disk.
fn put(access: &FileSystemSyncAccessHandle, at: f64, bytes: &[u8]) -> Result<(), JsValue> {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(at);
    let written = access.write_with_js_u8_array_and_options(&Uint8Array::from(bytes), &options)?;
    access.flush()?;
    if written == bytes.len() as f64 {
        return Ok(());
    }
    // Cut short without an exception: only a full disk does that.
    let error = js_sys::Error::new("the file was cut short");
    error.set_name("QuotaExceededError");
    Err(error.into())
}

async fn content(file: &FileSystemFileHandle) -> Result<Vec<u8>, JsValue> {
    let file: Blob = JsFuture::from(file.get_file()).await?.dyn_into()?;
    Ok(Uint8Array::new(&JsFuture::from(file.array_buffer()).await?).to_vec())
}

/// Moves a file over another one of its folder.
async fn shift(file: &FileSystemFileHandle, to: &str) -> Result<(), JsValue> {
    let shift: Function = Reflect::get(file, &"move".into())?.dyn_into()?;
    let promise: Promise = shift.call1(file, &to.into())?.dyn_into()?;
    JsFuture::from(promise).await?;
    Ok(())
}

/// Names in a folder, and whether each is a folder.
async fn entries(folder: &FileSystemDirectoryHandle) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let values: AsyncIterator = folder.values();
    while let Ok(promise) = values.next() {
        let Ok(step) = JsFuture::from(promise).await else {
            break;
        };
        let Some(handle) = property(&step, "value") else { break };
        let text = |what: &str| property(&handle, what).and_then(|value| value.as_string());
        if let (Some(name), Some(kind)) = (text("name"), text("kind")) {
            found.push((name, kind == "directory"));
        }
    }
    found
}

/// A file that is held open, so that no other tab can open it. Ends with the worker, however that
/// ends.
struct Held(FileSystemSyncAccessHandle);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl RunDisk {
    /// Changes a file that exists, or one that is created.
    async fn change(
        &self,
        path: &Path,
        create: bool,
        act: impl FnOnce(&FileSystemSyncAccessHandle) -> Result<(), JsValue>,
    ) -> io::Result<()> {
        let Self::Opfs(root) = self else { return Ok(()) };
        let (folder, name) = parent(root, path).await?;
        let file = file_in(&folder, &name, create).await.map_err(failed)?;
        let access = patiently(&file).await.map_err(failed)?;
        let done = act(&access);
        access.close();
        done.map_err(failed)
    }
}

impl Disk for RunDisk {
    async fn create_folder(&self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.create_folder(folder).await,
            Self::Opfs(root) => folder_at(root, folder, true).await.map(|_| ()),
        }
    }

    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let root = match self {
            Self::Memory(memory) => return memory.read(path).await,
            Self::Opfs(root) => root,
        };
        let read = async {
            let (folder, name) = parent(root, path).await?;
            let file = file_in(&folder, &name, false).await.map_err(failed)?;
            content(&file).await.map_err(failed)
        };
        match read.await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Self::Memory(memory) = self {
            return memory.write(path, bytes).await;
        }
        let write = |access: &FileSystemSyncAccessHandle| {
            access.truncate_with_f64(0.0)?;
            put(access, 0.0, bytes)
        };
        self.change(path, true, write).await
    }

    async fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // A run waits nowhere else where the processor computes, and the visitor may want to end
        // it.
        pause().await;
        if let Self::Memory(memory) = self {
            return memory.append(path, bytes).await;
        }
        let append = |access: &FileSystemSyncAccessHandle| put(access, access.get_size()?, bytes);
        self.change(path, false, append).await
    }

    async fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        if let Self::Memory(memory) = self {
            return memory.truncate(path, length).await;
        }
        let cut = |access: &FileSystemSyncAccessHandle| {
            access.truncate_with_f64(length as f64)?;
            access.flush()
        };
        self.change(path, false, cut).await
    }

    /// Every change is on the disk when it returns.
    async fn sync(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Memory(memory) => memory.sync(path).await,
            Self::Opfs(_) => Ok(()),
        }
    }

    async fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let root = match self {
            Self::Memory(memory) => return memory.rename(from, to).await,
            Self::Opfs(root) => root,
        };
        let (folder, name) = parent(root, from).await?;
        let file = file_in(&folder, &name, false).await.map_err(failed)?;
        let to = to.file_name().unwrap_or_default().to_string_lossy();
        shift(&file, &to).await.map_err(failed)
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        let root = match self {
            Self::Memory(memory) => return memory.remove(path).await,
            Self::Opfs(root) => root,
        };
        let remove = async {
            let (folder, name) = parent(root, path).await?;
            JsFuture::from(folder.remove_entry(&name)).await.map_err(failed)
        };
        match remove.await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let root = match self {
            Self::Memory(memory) => return memory.lock(path).await,
            Self::Opfs(root) => root,
        };
        let (folder, name) = parent(root, path).await?;
        let file = file_in(&folder, &name, true).await.map_err(failed)?;
        match patiently(&file).await.map_err(failed) {
            Ok(access) => Ok(Some(Box::new(Held(access)))),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => Ok(None),
            Err(error) => Err(error),
        }
    }
}
