//! Parts from the store or the network, every one hashed before anything else sees it.

use js_sys::Uint8Array;
use sightline_checkpoint::bundle::{BundleFile, Part};
use sightline_checkpoint::hash::{Expected, Verifier};
use sightline_messages::Event;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::browser::{message, property, scope};
use super::outbox::Outbox;
use super::parts::Parts;
use super::store::{NotKept, Store};

/// Times a part is fetched before the page gives up: a damaged one may come from a cache on the way.
const ATTEMPTS: usize = 3;
/// Most bytes of `bundle.json`.
const MAX_LIST: u64 = 4 << 20;
/// Bytes hashed at once: what is in wasm's memory of a part.
const PIECE: u32 = 1 << 20;

/// Fetches the files of one bundle.
pub(super) struct Downloader<'a> {
    /// Address of `bundle.json`; parts are named relative to it.
    pub(super) base: &'a str,
    pub(super) store: &'a Store,
    pub(super) outbox: &'a Outbox,
    /// Whether the visitor was told that the store is full.
    told_full: bool,
}

/// How far a file is, bytes.
#[derive(Clone, Copy, Default)]
struct Progress {
    file: u32,
    downloaded: u64,
    cached: u64,
    verified: u64,
}

impl Progress {
    fn event(self) -> Event {
        Event::Progress {
            file: self.file,
            downloaded: self.downloaded,
            cached: self.cached,
            verified: self.verified,
        }
    }
}

impl<'a> Downloader<'a> {
    pub(super) fn new(base: &'a str, store: &'a Store, outbox: &'a Outbox) -> Self {
        Self {
            base,
            store,
            outbox,
            told_full: false,
        }
    }

    /// All parts of a file; `index` is its number in the list of files.
    pub(super) async fn file(&mut self, index: u32, file: &BundleFile) -> Result<Parts, String> {
        let mut progress = Progress {
            file: index,
            ..Progress::default()
        };
        let mut parts = Vec::with_capacity(file.parts.len());
        for (number, part) in file.parts.iter().enumerate() {
            let name = format!("part {} of {} of {}", number + 1, file.parts.len(), file.name);
            parts.push(self.part(&name, part, &mut progress).await?);
            self.outbox.send(&progress.event());
        }
        Ok(Parts::new(parts))
    }

    async fn part(&mut self, name: &str, part: &Part, progress: &mut Progress) -> Result<Uint8Array, String> {
        if let Some(bytes) = self.store.get(part).await {
            if verify(name, part, &bytes).is_ok() {
                progress.cached += part.bytes;
                progress.verified += part.bytes;
                return Ok(bytes);
            }
            self.store.remove(&part.sha256).await;
            self.outbox.notice(format!(
                "The copy of {name} in this browser was damaged; it was removed and is downloaded again."
            ));
        }
        let bytes = self.fetch(name, part, progress).await?;
        progress.verified += part.bytes;
        self.keep(part, &bytes).await;
        Ok(bytes)
    }

    async fn keep(&mut self, part: &Part, bytes: &Uint8Array) {
        let full = self.store.put(part, bytes).await == Err(NotKept::Full);
        if full && !self.told_full {
            self.told_full = true;
            self.outbox.notice(
                "This browser gives the page no more room, so what does not fit is downloaded again at the next visit. Free some \
                 space on the disk, or leave private browsing, to keep it.",
            );
        }
    }

    async fn fetch(&self, name: &str, part: &Part, progress: &mut Progress) -> Result<Uint8Array, String> {
        let url = web_sys::Url::new_with_base(&part.path(), self.base).map_err(|e| message(&e))?;
        let mut why = String::new();
        for attempt in 1..=ATTEMPTS {
            let before = *progress;
            match self.attempt(&url.href(), name, part, progress).await {
                Ok(bytes) => return Ok(bytes),
                Err(Wrong::Content(sentence)) => {
                    *progress = before;
                    why = sentence;
                    if attempt < ATTEMPTS {
                        self.outbox.notice(format!("{why}. It is fetched once more."));
                    }
                }
                Err(Wrong::Network(sentence)) => return Err(sentence),
            }
        }
        Err(format!(
            "{why}, {ATTEMPTS} times in a row. Nothing of it was used. Whoever keeps this page must build it again; other parts are \
             kept."
        ))
    }

    async fn attempt(&self, url: &str, name: &str, part: &Part, progress: &mut Progress) -> Result<Uint8Array, Wrong> {
        let network = |error: JsValue| {
            Wrong::Network(format!(
                "{name} could not be downloaded ({}). Check the connection and press the button again: what has arrived is kept.",
                message(&error)
            ))
        };
        let response = get(url).await.map_err(network)?;
        if !response.ok() {
            return Err(Wrong::Network(format!(
                "{name} could not be downloaded: the server answered {}. Try again later; what has arrived is kept.",
                response.status()
            )));
        }
        let bytes = Uint8Array::new_with_length(part.bytes as u32);
        let mut verifier = Verifier::new(expected(name, part));
        let mut at = 0;
        let mut told = 0;
        let begun = progress.downloaded;
        let mut reader = Reader::new(&response).map_err(network)?;
        while let Some(chunk) = reader.next().await.map_err(network)? {
            hash(&mut verifier, &chunk).map_err(|error| Wrong::Content(error.to_string()))?;
            bytes.set(&chunk, at);
            at += chunk.length();
            progress.downloaded = begun + u64::from(at);
            // A message for every chunk would be a thousand a second.
            if at - told >= PIECE / 2 {
                told = at;
                self.outbox.send(&progress.event());
            }
        }
        verifier.finish().map_err(|error| Wrong::Content(error.to_string()))?;
        Ok(bytes)
    }
}

/// What went wrong with a part.
enum Wrong {
    /// It came, and is not what was promised.
    Content(String),
    /// It did not come.
    Network(String),
}

fn expected<'a>(name: &'a str, part: &'a Part) -> Expected<'a> {
    Expected {
        name,
        bytes: part.bytes,
        sha256: &part.sha256,
    }
}

fn verify(name: &str, part: &Part, bytes: &Uint8Array) -> Result<(), sightline_checkpoint::hash::HashError> {
    let mut verifier = Verifier::new(expected(name, part));
    hash(&mut verifier, bytes)?;
    verifier.finish()
}

fn hash(verifier: &mut Verifier<'_>, bytes: &Uint8Array) -> Result<(), sightline_checkpoint::hash::HashError> {
    let mut at = 0;
    while at < bytes.length() {
        let end = (at + PIECE).min(bytes.length());
        verifier.update(&bytes.subarray(at, end).to_vec())?;
        at = end;
    }
    Ok(())
}

/// The text of `bundle.json`.
pub(super) async fn list(url: &str) -> Result<String, String> {
    let failed = |error: JsValue| {
        format!(
            "The list of files could not be downloaded ({}). Check the connection and reload the page.",
            message(&error)
        )
    };
    let response = get(url).await.map_err(failed)?;
    if !response.ok() {
        return Err(format!(
            "The list of files could not be downloaded: the server answered {}. Whoever keeps this page must build it again.",
            response.status()
        ));
    }
    let mut text = Vec::new();
    let mut reader = Reader::new(&response).map_err(failed)?;
    while let Some(chunk) = reader.next().await.map_err(failed)? {
        if text.len() as u64 + u64::from(chunk.length()) > MAX_LIST {
            return Err(format!(
                "The list of files is longer than {MAX_LIST} bytes. Whoever keeps this page must build it again."
            ));
        }
        text.extend(chunk.to_vec());
    }
    String::from_utf8(text)
        .map_err(|_| "The list of files is no text. Whoever keeps this page must build it again.".to_owned())
}

/// Fetches past the browser's own cache: parts have a store of their own, and the list must be new.
async fn get(url: &str) -> Result<Response, JsValue> {
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    JsFuture::from(scope()?.fetch_with_str_and_init(url, &options))
        .await?
        .dyn_into()
}

/// A response's body, chunk by chunk.
struct Reader {
    reader: Option<ReadableStreamDefaultReader>,
}

impl Reader {
    fn new(response: &Response) -> Result<Self, JsValue> {
        let reader = match response.body() {
            Some(body) => Some(body.get_reader().dyn_into()?),
            None => None,
        };
        Ok(Self { reader })
    }

    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let step = JsFuture::from(reader.read()).await?;
        property(&step, "value").map(|value| value.dyn_into()).transpose()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What is left of a refused body need not come. Cancelling one that has ended does nothing.
        if let Some(reader) = &self.reader {
            let cancelled = reader.cancel();
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(cancelled).await;
            });
        }
    }
}
