//! What the engine holds, and which function carries out which command.

use std::collections::HashSet;
use std::rc::Rc;

use sightline_checkpoint::bundle::Bundle;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_kernels::Device;
use sightline_messages::{Command, Event, FileInfo, Machine, ModelInfo, Remedy, VERSION, Wish};
use sightline_vision::{check_manifest, kind};
use sightline_vlm::info;

use super::answer::Turn;
use super::arms::Arms;
use super::browser::within;
use super::device;
use super::download::{self, Downloader, Missing};
use super::outbox::Outbox;
use super::picture::Pictures;
use super::store::Store;
use super::{Cancel, Stop};

/// How long the store may take to say what is in it, ms.
const MOST_MS: i32 = 10_000;

/// The engine between two commands.
pub(super) struct State {
    pub(super) outbox: Outbox,
    pub(super) stop: Stop,
    cancel: Cancel,
    opened: Option<Opened>,
    pub(super) arms: Option<Arms>,
    pub(super) pictures: Pictures,
    /// Questions answered, which decides the order of the models.
    pub(super) turns: usize,
}

/// What [`Command::Hello`] found.
struct Opened {
    url: String,
    bundle: Rc<Bundle>,
    device: Device,
    machine: Machine,
    store: Store,
}

impl State {
    pub(super) fn new(outbox: Outbox, stop: Stop, cancel: Cancel, pictures: Pictures) -> Self {
        Self {
            outbox,
            stop,
            cancel,
            opened: None,
            arms: None,
            pictures,
            turns: 0,
        }
    }

    /// Carries out a command.
    pub(super) async fn run(&mut self, command: Command) {
        match command {
            Command::Hello {
                version,
                bundle,
                device,
            } => self.hello(version, bundle, device).await,
            Command::Load => self.load().await,
            Command::Picture { picture, bytes } => self.pictures.take(picture, &bytes),
            Command::Ask {
                turn,
                picture,
                question,
                max_tokens,
            } => {
                let turn = Turn {
                    turn,
                    picture,
                    question,
                    max_tokens: max_tokens as usize,
                };
                self.answer(&turn).await;
            }
            // They overtake, and are handled where they arrive.
            Command::Stop { .. } | Command::Cancel => {}
            Command::Forget => self.forget().await,
            Command::Measure { runs } => self.measure(runs).await,
            Command::Features => self.features().await,
        }
    }

    fn broken(&self, sentence: String, remedy: Remedy) {
        self.outbox.send(&Event::Broken { sentence, remedy });
    }

    async fn hello(&mut self, version: u32, url: String, wish: Wish) {
        if version != VERSION {
            let sentence = format!(
                "The page is of version {version}, its engine of version {VERSION}: the browser kept one of them from an earlier \
                 visit. Reload the page."
            );
            return self.broken(sentence, Remedy::Reload);
        }
        let listed = match download::list(&url).await {
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
            Err(error) => return self.broken(super::failure::sentence(&error), Remedy::Restart),
        };
        let store = Store::open().await;
        let looked = within(MOST_MS, async {
            store.retain(&hashes(&bundle)).await;
            files(&bundle, Some(&store)).await
        });
        let files = match looked.await {
            Some(files) => files,
            // A store that does not answer now may do so when it is read: nothing is known to be
            // here.
            None => files(&bundle, None).await,
        };
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

    async fn load(&mut self) {
        let Some(opened) = &self.opened else {
            return self.outbox.send(&Event::LoadFailed {
                sentence: "The list of files is not known yet. Reload the page.".into(),
            });
        };
        // What an earlier load left would double the memory.
        self.arms = None;
        let downloader = Downloader::new(&opened.url, &opened.store, &self.outbox, &self.cancel);
        let machine = opened.machine.clone();
        match Arms::load(&opened.bundle, &opened.device, machine, downloader, &self.outbox).await {
            Ok((arms, loaded)) => {
                self.arms = Some(arms);
                self.outbox.send(&Event::Loaded(loaded));
            }
            Err(Missing::Cancelled) => self.outbox.send(&Event::Cancelled),
            Err(Missing::Failed(sentence)) => self.outbox.send(&Event::LoadFailed { sentence }),
            Err(Missing::Model(error)) => self.outbox.send(&Event::LoadFailed {
                sentence: super::failure::sentence(&error),
            }),
        }
    }

    async fn forget(&mut self) {
        let Some(opened) = &self.opened else {
            return self.outbox.send(&Event::Forgotten { bytes: 0 });
        };
        let mut bytes = 0;
        for part in opened.bundle.files.iter().flat_map(|file| &file.parts) {
            bytes += if opened.store.has(part).await { part.bytes } else { 0 };
        }
        opened.store.retain(&HashSet::new()).await;
        self.outbox.send(&Event::Forgotten { bytes });
    }
}

/// The list of files, if it adds up and every model's encoder is a known one, and what the page is
/// told of the models.
fn sound(text: &str) -> Result<(Bundle, Vec<ModelInfo>), String> {
    const FILE: &str = "bundle.json";
    let bundle = Bundle::parse(FILE, text).map_err(|error| super::failure::sentence(&error))?;
    check_manifest(FILE, &bundle.manifest).map_err(|error| super::failure::sentence(&error))?;
    let models: Result<_, _> = bundle.manifest.models.iter().map(info).collect();
    let models = models.map_err(|error| super::failure::sentence(&error))?;
    Ok((bundle, models))
}

/// The files of a bundle, and how much of each the store holds.
async fn files(bundle: &Bundle, store: Option<&Store>) -> Vec<FileInfo> {
    let mut files = Vec::new();
    for file in &bundle.files {
        let mut cached = 0;
        if let Some(store) = store {
            for part in &file.parts {
                cached += if store.has(part).await { part.bytes } else { 0 };
            }
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
