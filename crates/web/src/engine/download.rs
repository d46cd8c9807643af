//! Parts from the store or the network, every one hashed before anything else sees it.

#[cfg(feature = "evaluate")]
use std::fmt;
use std::future::Future;
use std::pin::pin;

use js_sys::Uint8Array;
use sightline_checkpoint::bundle::{BundleFile, Part};
use sightline_checkpoint::hash::{Expected, Verifier};
#[cfg(feature = "evaluate")]
use sightline_evaluation::{EvaluationError, run::error::RunError};
use sightline_messages::Event;
use sightline_vlm::VlmError;
use wasm_bindgen::JsValue;

use super::browser::{message, sleep, within};
use super::lock::Lock;
use super::outbox::Outbox;
use super::parts::Parts;
use super::request::{Reader, Request};
use super::sentence::capital;
#[cfg(feature = "evaluate")]
use super::sentence::spoken;
use super::signals::Cancel;
use super::store::{NotKept, Store};

/// Times a part is fetched before the page gives up: a damaged one may come from a cache on the
/// way.
const ATTEMPTS: usize = 3;
/// Waits before a part that did not come is asked for again, s. After the last one the visitor is
/// asked.
const WAITS_S: [u32; 3] = [1, 2, 4];
/// Seconds without a byte until the visitor is told.
const QUIET_S: u32 = 6;
/// Seconds without a byte until a connection counts as lost.
const LOST_S: u32 = 30;
/// Between two looks at whether a download was cancelled, ms: half a second.
const SLICE_MS: i32 = 500;
/// Bytes hashed at once: what is in wasm's memory of a part.
const PIECE: u32 = 1 << 20;

/// Where parts are that the store has not.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// Beside the page's own list, whose address this is: parts are named relative to it.
    Page(&'a str),
    /// Beside the list of the visitor's models.
    Address(&'a str),
    /// Nowhere: the store is the folder that the visitor opened.
    Folder,
}

impl Place<'_> {
    /// Who is to mend a part that came damaged, and how.
    fn remedy(self) -> &'static str {
        match self {
            Self::Page(_) => {
                "This page is broken on our side: whoever keeps it must build it again. Other parts are kept."
            }
            Self::Address(_) => {
                "The models at this address are damaged: copy their folder there again, bundle.json and parts. Other parts are kept."
            }
            Self::Folder => "Copy the whole folder again, bundle.json and parts, and open it once more.",
        }
    }
}

/// Fetches the files of one bundle.
pub(super) struct Downloader<'a> {
    pub(super) place: Place<'a>,
    pub(super) store: &'a Store,
    pub(super) outbox: &'a Outbox,
    pub(super) cancel: &'a Cancel,
    /// Whether the visitor was told that not all is kept.
    told_unkept: bool,
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

/// Why a file or a model is not here.
pub(super) enum Missing {
    /// The visitor ended the download.
    Cancelled,
    /// A sentence with a remedy.
    Failed(String),
    /// The GPU does not compute what it should: how that was seen.
    WrongDevice(String),
    /// A model or the device is at fault.
    Model(VlmError),
}

impl From<VlmError> for Missing {
    fn from(error: VlmError) -> Self {
        Self::Model(error)
    }
}

#[cfg(feature = "evaluate")]
/// In an evaluation: one that the visitor ended is no failure.
impl From<EvaluationError> for Missing {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Model(error) => Self::Model(error),
            EvaluationError::Run(RunError::Stopped) => Self::Cancelled,
            other => Self::Failed(spoken(&other)),
        }
    }
}

#[cfg(feature = "evaluate")]
impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => out.write_str("it was ended"),
            Self::Failed(sentence) | Self::WrongDevice(sentence) => out.write_str(sentence),
            Self::Model(error) => error.fmt(out),
        }
    }
}

impl From<String> for Missing {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

impl<'a> Downloader<'a> {
    pub(super) fn new(place: Place<'a>, store: &'a Store, outbox: &'a Outbox, cancel: &'a Cancel) -> Self {
        Self {
            place,
            store,
            outbox,
            cancel,
            told_unkept: false,
        }
    }

    /// All parts of a file; `index` is its number in the list of files.
    pub(super) async fn file(&mut self, index: u32, file: &BundleFile) -> Result<Parts, Missing> {
        let mut progress = Progress {
            file: index,
            ..Progress::default()
        };
        let mut parts = Vec::with_capacity(file.parts.len());
        for (number, part) in file.parts.iter().enumerate() {
            let name = format!("part {} of {} of {}", number + 1, file.parts.len(), file.name);
            let field = || format!("files[{index}].parts[{number}]");
            let came = match self.place {
                Place::Folder => self.opened(&name, part, field, &mut progress).await,
                Place::Page(base) | Place::Address(base) => self.part(&name, part, base, &mut progress).await,
            };
            parts.push(came?);
            self.outbox.send(&progress.event());
        }
        Ok(Parts::new(parts))
    }

    /// A part of the folder that the visitor opened. `field` of its list names the part.
    async fn opened(
        &self,
        name: &str,
        part: &Part,
        field: impl Fn() -> String,
        progress: &mut Progress,
    ) -> Result<Uint8Array, Missing> {
        if self.cancel.asked() {
            return Err(Missing::Cancelled);
        }
        let wrong = match self.store.get(part).await {
            Some(bytes) if verify(name, part, &bytes).is_ok() => {
                progress.cached += part.bytes;
                progress.verified += part.bytes;
                return Ok(bytes);
            }
            Some(_) => "has another hash".to_owned(),
            None => format!("is missing, or has not {} bytes", part.bytes),
        };
        Err(Missing::Failed(format!(
            "{} {wrong}. It is {name}, {} of bundle.json in the folder you opened. {}",
            part.path(),
            field(),
            self.place.remedy()
        )))
    }

    async fn part(
        &mut self,
        name: &str,
        part: &Part,
        base: &str,
        progress: &mut Progress,
    ) -> Result<Uint8Array, Missing> {
        if self.cancel.asked() {
            return Err(Missing::Cancelled);
        }
        // Another tab may be fetching it: then it is in the store soon.
        let lock = Lock::ask(&format!("sightline-part-{}", part.sha256));
        if let Err(Wrong::Cancelled) = self.patiently(name, lock.held()).await {
            return Err(Missing::Cancelled);
        }
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
        let bytes = self.fetch(name, part, base, progress).await?;
        progress.verified += part.bytes;
        self.keep(part, &bytes).await;
        Ok(bytes)
    }

    async fn keep(&mut self, part: &Part, bytes: &Uint8Array) {
        let sentence = match self.store.put(part, bytes).await {
            Ok(()) | Err(NotKept::Busy) => return,
            Err(NotKept::Full) => {
                "This browser gives the page no more room, so what does not fit is downloaded again at the next visit. Free some \
                 space on the disk, or leave private browsing, to keep it."
            }
            Err(NotKept::Silent) => {
                "This browser does not answer when it is asked to keep downloads, so they are downloaded again at the next visit."
            }
        };
        if !self.told_unkept {
            self.told_unkept = true;
            self.outbox.notice(sentence);
        }
    }

    /// A part from the network. What comes damaged is fetched once more at once, what does not come
    /// after a wait.
    async fn fetch(&self, name: &str, part: &Part, base: &str, progress: &mut Progress) -> Result<Uint8Array, Missing> {
        let url = web_sys::Url::new_with_base(&part.path(), base).map_err(|e| message(&e))?;
        let (mut damaged, mut waits) = (0, WAITS_S.iter());
        loop {
            let before = *progress;
            let wrong = match self.attempt(&url.href(), name, part, progress).await {
                Ok(bytes) => return Ok(bytes),
                Err(wrong) => wrong,
            };
            *progress = before;
            self.outbox.send(&progress.event());
            match wrong {
                Wrong::Cancelled => return Err(Missing::Cancelled),
                Wrong::Content(why) => {
                    damaged += 1;
                    if damaged == ATTEMPTS {
                        return Err(Missing::Failed(format!(
                            "{}, {ATTEMPTS} times in a row. Nothing of it was used. {}",
                            capital(&why),
                            self.place.remedy()
                        )));
                    }
                    self.outbox
                        .notice(format!("{}. It is fetched once more.", capital(&why)));
                }
                Wrong::Network { sentence, again } => match waits.next() {
                    Some(&seconds) if again => self.pause(name, seconds).await?,
                    _ => return Err(Missing::Failed(sentence)),
                },
            }
        }
    }

    /// Waits before another try.
    async fn pause(&self, name: &str, seconds: u32) -> Result<(), Missing> {
        self.outbox.notice(format!(
            "The connection broke while {name} was coming. It is tried again by itself."
        ));
        for _ in 0..2 * seconds {
            sleep(SLICE_MS).await;
            if self.cancel.asked() {
                return Err(Missing::Cancelled);
            }
        }
        Ok(())
    }

    async fn attempt(&self, url: &str, name: &str, part: &Part, progress: &mut Progress) -> Result<Uint8Array, Wrong> {
        let network = |error: JsValue| Wrong::Network {
            sentence: format!(
                "The download stopped at {name} ({}). Check the connection and try again: what has arrived is kept.",
                message(&error)
            ),
            again: true,
        };
        let request = Request::new().map_err(network)?;
        let response = self.patiently(name, request.get(url)).await?.map_err(network)?;
        if !response.ok() {
            let status = response.status();
            return Err(Wrong::Network {
                sentence: format!(
                    "The download stopped at {name}: the server answered {status}. Try again later: what has arrived is kept.",
                ),
                again: [408, 429, 500, 502, 503, 504].contains(&status),
            });
        }
        let bytes = Uint8Array::new_with_length(part.bytes as u32);
        let mut verifier = Verifier::new(expected(name, part));
        let mut at = 0;
        let mut told = 0;
        let begun = progress.downloaded;
        let mut reader = Reader::new(&response).map_err(network)?;
        while let Some(chunk) = self.patiently(name, reader.next()).await?.map_err(network)? {
            hash(&mut verifier, &chunk).map_err(|error| Wrong::Content(error.to_string()))?;
            bytes.set(&chunk, at);
            at += chunk.length();
            progress.downloaded = begun + u64::from(at);
            // A message for every chunk would be a thousand per second.
            if at - told >= PIECE / 2 {
                told = at;
                self.outbox.send(&progress.event());
            }
        }
        verifier.finish().map_err(|error| Wrong::Content(error.to_string()))?;
        Ok(bytes)
    }

    /// Waits for the network, but not for ever and not in silence.
    async fn patiently<T>(&self, name: &str, work: impl Future<Output = T>) -> Result<T, Wrong> {
        let mut work = pin!(work);
        for slice in 0..2 * LOST_S {
            if self.cancel.asked() {
                return Err(Wrong::Cancelled);
            }
            let seconds = slice / 2;
            if seconds >= QUIET_S && slice % 2 == 0 {
                self.outbox.send(&Event::Waiting { seconds });
            }
            if let Some(value) = within(SLICE_MS, work.as_mut()).await {
                if seconds >= QUIET_S {
                    self.outbox.send(&Event::Waiting { seconds: 0 });
                }
                return Ok(value);
            }
        }
        self.outbox.send(&Event::Waiting { seconds: 0 });
        Err(Wrong::Network {
            sentence: format!(
                "The download stopped at {name}: nothing came for {LOST_S} seconds. Check the connection and try again: what has \
                 arrived is kept."
            ),
            again: true,
        })
    }
}

/// What went wrong with a part.
enum Wrong {
    /// It came, and is not what was promised.
    Content(String),
    /// It did not come.
    Network {
        /// Why, and what would help.
        sentence: String,
        /// Whether another try may help soon.
        again: bool,
    },
    /// The visitor ended the download.
    Cancelled,
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
