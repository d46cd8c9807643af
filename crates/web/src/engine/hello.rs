//! The greeting: what is there to be loaded, what of it is here, and what will compute.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use sightline_checkpoint::bundle::Bundle;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_messages::{Event, FileInfo, ModelInfo, Models, Remedy, VERSION, Wish};
use sightline_vision::{check_manifest, kind};
use sightline_vlm::info;
use web_sys::File;

use super::browser::within;
use super::device;
use super::list;
use super::sentence::sentence;
use super::state::{Opened, State};
use super::store::Store;

/// How long the store may take to say what is in it, ms.
const MOST_MS: i32 = 10_000;

/// What the page asks for in its greeting.
pub(super) struct Greeting {
    /// Address of `bundle.json`.
    pub(super) url: String,
    pub(super) device: Wish,
    pub(super) models: Models,
    /// Whether encoders stay in 32 bits.
    pub(super) whole: bool,
}

impl State {
    /// Answers [`sightline_messages::Command::Hello`].
    pub(super) async fn hello(&mut self, version: u32, greeting: Greeting) {
        if version != VERSION {
            let sentence = format!(
                "The page is of version {version}, its engine of version {VERSION}: the browser kept one of them from an earlier \
                 visit. Reload the page."
            );
            return self.broken(sentence, Remedy::Reload);
        }
        let Greeting {
            url,
            device,
            models,
            whole,
        } = greeting;
        let files = self.folder(&models);
        let (bundle, infos) = match listed(&url, &models, &files).await {
            Ok(listed) => listed,
            Err(sentence) => return self.broken(sentence, Remedy::Reload),
        };
        self.pictures.set_ready();
        let (device, mut machine) = match device::open(device).await {
            Ok(opened) => opened,
            Err(error) => return self.broken(sentence(&error), Remedy::Restart),
        };
        if whole && device.gpu_info().is_some_and(|info| info.f16) {
            machine.why = Some("You chose 32 bits for the encoders.".into());
        }
        let own = models == Models::Page;
        let (store, files) = match models {
            Models::Folder { .. } => {
                let store = Store::folder(files);
                let files = self::files(&bundle, &store).await;
                (store, files)
            }
            Models::Page | Models::Address => looked_up(&bundle, own).await,
        };
        self.outbox.send(&Event::Ready {
            version: VERSION,
            machine: machine.clone(),
            models: infos,
            files,
            store: store.kind(),
        });
        self.opened = Some(Opened {
            url,
            bundle: Rc::new(bundle),
            device,
            machine,
            store,
            own,
            whole,
        });
    }

    /// The files of the folder that the visitor opened, by their paths.
    fn folder(&self, models: &Models) -> HashMap<String, File> {
        let Models::Folder { paths, .. } = models else {
            return HashMap::new();
        };
        paths.iter().cloned().zip(self.attached.take()).collect()
    }
}

/// The list of files, and what the page is told of the models.
async fn listed(url: &str, models: &Models, files: &HashMap<String, File>) -> Result<(Bundle, Vec<ModelInfo>), String> {
    match models {
        Models::Page => sound(&list::fetch(url).await?),
        Models::Address => {
            let text = list::fetch(url).await;
            text.and_then(|text| sound(&text)).map_err(|error| {
                format!("The models at {url} cannot be used. {error} The address has to be that of a folder with bundle.json and parts.")
            })
        }
        Models::Folder { name, .. } => sound(&list::opened(name, files).await?),
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

/// The store, and how much it holds of each file. Where the models are the page's `own`, parts of
/// an earlier version of the page go. A store that opens and then says nothing is as good as none.
async fn looked_up(bundle: &Bundle, own: bool) -> (Store, Vec<FileInfo>) {
    let store = Store::open().await;
    let look = async {
        if own {
            store.retain(&hashes(bundle)).await;
        }
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
