//! The greeting: what is there to be loaded, what of it is here, and what will compute.

use std::collections::HashSet;
use std::rc::Rc;

use sightline_checkpoint::bundle::Bundle;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_messages::{Event, FileInfo, ModelInfo, Remedy, VERSION, Wish};
use sightline_vision::{check_manifest, kind};
use sightline_vlm::info;

use super::browser::within;
use super::device;
use super::list;
use super::sentence::sentence;
use super::state::{Opened, State};
use super::store::Store;

/// How long the store may take to say what is in it, ms.
const MOST_MS: i32 = 10_000;

impl State {
    /// Answers [`sightline_messages::Command::Hello`].
    pub(super) async fn hello(&mut self, version: u32, url: String, wish: Wish) {
        if version != VERSION {
            let sentence = format!(
                "The page is of version {version}, its engine of version {VERSION}: the browser kept one of them from an earlier \
                 visit. Reload the page."
            );
            return self.broken(sentence, Remedy::Reload);
        }
        let listed = match list::fetch(&url).await {
            Ok(text) => sound(&text),
            Err(error) => Err(error),
        };
        let (bundle, models) = match listed {
            Ok(listed) => listed,
            Err(sentence) => return self.broken(sentence, Remedy::Reload),
        };
        self.pictures.set_ready();
        let (device, machine) = match device::open(wish).await {
            Ok(opened) => opened,
            Err(error) => return self.broken(sentence(&error), Remedy::Restart),
        };
        let (store, files) = looked_up(&bundle).await;
        self.outbox.send(&Event::Ready {
            version: VERSION,
            machine: machine.clone(),
            models,
            files,
            store: store.kind(),
        });
        self.opened = Some(Opened {
            url,
            bundle: Rc::new(bundle),
            device,
            machine,
            store,
        });
    }
}

/// The list of files, if it adds up and every model's encoder is a known one, and what the page is
/// told of the models.
fn sound(text: &str) -> Result<(Bundle, Vec<ModelInfo>), String> {
    const FILE: &str = "bundle.json";
    let bundle = Bundle::parse(FILE, text).map_err(|error| sentence(&error))?;
    check_manifest(FILE, &bundle.manifest).map_err(|error| sentence(&error))?;
    let models: Result<_, _> = bundle.manifest.models.iter().map(info).collect();
    let models = models.map_err(|error| sentence(&error))?;
    Ok((bundle, models))
}

/// The store without parts of an earlier version of the page, and how much it holds of each file. A
/// store that opens and then says nothing is as good as none.
async fn looked_up(bundle: &Bundle) -> (Store, Vec<FileInfo>) {
    let store = Store::open().await;
    let look = async {
        store.retain(&hashes(bundle)).await;
        files(bundle, &store).await
    };
    match within(MOST_MS, look).await {
        Some(files) => (store, files),
        None => {
            let none = Store::memory();
            let files = files(bundle, &none).await;
            (none, files)
        }
    }
}

/// The files of a bundle, and how much of each the store holds.
async fn files(bundle: &Bundle, store: &Store) -> Vec<FileInfo> {
    let mut files = Vec::new();
    for file in &bundle.files {
        let mut cached = 0;
        for part in &file.parts {
            cached += if store.has(part).await { part.bytes } else { 0 };
        }
        files.push(FileInfo {
            name: file.name.clone(),
            model: title_of(&bundle.manifest, &file.name),
            bytes: file.bytes,
            cached,
            parts: file.parts.iter().map(|part| part.bytes).collect(),
        });
    }
    files
}

/// Hashes of all parts.
fn hashes(bundle: &Bundle) -> HashSet<&str> {
    let parts = bundle.files.iter().flat_map(|file| &file.parts);
    parts.map(|part| part.sha256.as_str()).collect()
}

/// Title of the encoder of the model whose file it is, none for a language model's.
fn title_of(manifest: &Manifest, file: &str) -> Option<String> {
    let has = |row: &&Model| row.files.iter().any(|own| own.path == file);
    let row = manifest.models.iter().find(has)?;
    Some(kind(&row.encoder).ok()?.title().into())
}
