//! Parts in the origin's private file system: a file each, named by its hash.

use js_sys::{AsyncIterator, Uint8Array};
use sightline_checkpoint::bundle::Part;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use super::browser::{property, scope};

/// The folder of this program alone.
const NAME: &str = "sightline-parts";

/// The folder, created if it was not there.
pub(super) async fn open() -> Result<FileSystemDirectoryHandle, JsValue> {
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
    let probe = handle(&folder, "probe", true).await?;
    let access: FileSystemSyncAccessHandle = JsFuture::from(probe.create_sync_access_handle()).await?.dyn_into()?;
    access.close();
    JsFuture::from(folder.remove_entry("probe")).await?;
    Ok(folder)
}

async fn handle(folder: &FileSystemDirectoryHandle, name: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    JsFuture::from(folder.get_file_handle_with_options(name, &options))
        .await?
        .dyn_into()
}

/// A part as a file.
pub(super) async fn file(folder: &FileSystemDirectoryHandle, part: &Part) -> Result<Blob, JsValue> {
    let handle = handle(folder, &part.sha256, false).await?;
    JsFuture::from(handle.get_file()).await?.dyn_into()
}

/// Writes a part over whatever has its name.
pub(super) async fn write(folder: &FileSystemDirectoryHandle, part: &Part, bytes: &Uint8Array) -> Result<(), JsValue> {
    let handle = handle(folder, &part.sha256, true).await?;
    let access: FileSystemSyncAccessHandle = JsFuture::from(handle.create_sync_access_handle()).await?.dyn_into()?;
    let written = fill(&access, bytes);
    access.close();
    written
}

fn fill(access: &FileSystemSyncAccessHandle, bytes: &Uint8Array) -> Result<(), JsValue> {
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

/// Names of all files.
pub(super) async fn hashes(folder: &FileSystemDirectoryHandle) -> Vec<String> {
    let mut hashes = Vec::new();
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
    hashes
}
