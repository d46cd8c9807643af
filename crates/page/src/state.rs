//! What the page knows: plain data that can be written down and read back. [`crate::update`] alone
//! changes it, views only show it.

use crate::judged::Judging;
use crate::recorded::{Made, Recorded};
use serde::{Deserialize, Serialize};
use sightline_link::{Shared, Source};
use sightline_messages::{Answer, Backend, FileInfo, Loaded, Machine, ModelInfo, Store, Wish};

use crate::camera::Camera;
use crate::looking::Looking;
use crate::marks::Marks;
use crate::own::Own;
use crate::settings::Settings;

/// Everything that a view can show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Which device the engine is asked for.
    pub(crate) wish: Wish,
    /// The same, if the visitor has set it here.
    pub(crate) device: Option<Wish>,
    /// How the models are asked.
    pub(crate) settings: Settings,
    /// What came of the last change of them.
    pub(crate) settings_note: String,
    /// Whose models they are.
    pub(crate) own: Own,
    /// [`Settings::whole`] of the engine that runs.
    pub(crate) started_whole: bool,
    pub(crate) engine: Engine,
    /// Number of engines that were started.
    pub(crate) engines: u32,
    /// How often the device was lost since the last answers that came to their end.
    pub(crate) losses: u32,
    /// What computes, once the engine has said so.
    pub(crate) machine: Option<Machine>,
    pub(crate) models: Vec<ModelInfo>,
    pub(crate) files: Vec<FileInfo>,
    pub(crate) store: Option<Store>,
    /// How far each of `files` is; as many as those.
    pub(crate) progress: Vec<Progress>,
    pub(crate) loading: Loading,
    pub(crate) problem: Option<Problem>,
    /// What the next engine brings back of the one before.
    pub(crate) resume: Option<Resume>,
    /// What stops nothing, newest last.
    pub(crate) notices: Vec<String>,
    pub(crate) picture: Picture,
    /// What is wrong with the picture that was chosen last.
    pub(crate) picture_note: String,
    /// Questions to try about the picture that is shown.
    pub(crate) suggestions: Vec<String>,
    /// What is wrong with the question that was typed last.
    pub(crate) question_note: String,
    pub(crate) turn: Turn,
    /// Which boxes are drawn.
    #[serde(default)]
    pub(crate) marks: Marks,
    #[serde(default)]
    pub(crate) camera: Camera,
    /// A question that waits for the picture it is about.
    pub(crate) held: Option<String>,
    /// Answers of before a reload, until their picture is here again.
    pub(crate) restored: Option<Turn>,
    /// For those who listen: the last answer, whole.
    pub(crate) said: String,
    pub(crate) looking: Looking,
    /// The result that the page's address holds.
    pub(crate) linked: Option<Linked>,
    pub(crate) sharing: Sharing,
    /// Questions of before, newest last.
    #[serde(default)]
    pub(crate) history: Vec<Past>,
    /// What the visitor has found true.
    #[serde(default)]
    pub(crate) judging: Judging,
    /// The picture to begin with, until another one is chosen.
    pub(crate) featured: Option<Chosen>,
    /// Answers that were computed before the visit.
    pub(crate) recorded: Option<Recorded>,
}

/// A link to what is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sharing {
    /// The last one that was made.
    pub(crate) made: Option<MadeLink>,
    /// What came of it, for people.
    pub(crate) note: String,
    /// Text to paste is shown.
    pub(crate) citing: bool,
}

/// A link that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadeLink {
    /// What follows the `#`.
    pub(crate) fragment: String,
    /// What it says of the picture.
    pub(crate) holds: Holds,
}

/// A result that came as a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linked {
    /// What it holds, but for the bytes of its picture.
    pub(crate) shared: Shared,
    /// The page's number of its picture; none where the picture is neither in the link nor in the
    /// gallery.
    pub(crate) picture: Option<u32>,
}

impl Linked {
    /// Whether its picture has to be found by its hash.
    pub(crate) fn seeks(&self) -> bool {
        matches!(self.shared.picture.source, Source::Hash(_))
    }
}

/// What a link says of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Holds {
    /// Which one of the gallery it is.
    Gallery,
    /// Its hash.
    Hash,
    /// The picture itself.
    Copy {
        /// Whether pixels or colours were given up.
        smaller: bool,
    },
}

/// The engine's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Engine {
    /// Its script or its device is not there yet.
    #[default]
    Starting,
    /// The same, for longer than usual.
    Late,
    /// It takes commands.
    Ready,
    /// It has stopped.
    Gone,
}

/// How far the models are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Loading {
    /// Nobody asked for them, or asked and cancelled.
    #[default]
    Not,
    /// Parts come.
    Fetching {
        /// Seconds since the last byte, if that is long.
        waiting_s: Option<u32>,
        /// The button that ends it was pressed.
        cancelling: bool,
    },
    /// Everything is here and goes to the device.
    Preparing {
        /// Id of the model, or the language model's.
        model: String,
        /// Its number, from 1.
        number: usize,
    },
    /// They can be asked.
    Loaded(Loaded),
    /// They could not be loaded.
    Failed,
}

/// How far a file is, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Came from the network.
    pub(crate) downloaded: u64,
    /// Came from this browser's store.
    pub(crate) cached: u64,
    /// Passed its hash.
    pub(crate) verified: u64,
}

/// Something that a visitor has to do something about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) sentence: String,
    /// What the first button does, if the remedy has no button elsewhere.
    pub(crate) remedy: Option<Remedy>,
    /// What the second button does.
    pub(crate) other: Option<Remedy>,
}

/// What comes back with another engine, after one that had models or was loading them has stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resume {
    /// The question that was being answered. One that the visitor was stopping is none; nor is one
    /// that was asked again already, unless the device alone was lost: it may be what stops
    /// engines.
    pub(crate) question: Option<String>,
    /// What the models had said to it.
    pub(crate) said: Vec<Pane>,
    /// The models were on their way: the visitor has agreed to what they cost.
    pub(crate) loading: bool,
    /// The visitor has just pressed a button that loads them.
    #[serde(default)]
    pub(crate) pressed: bool,
}

/// What a button beside a problem does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Remedy {
    /// A new engine.
    Restart,
    /// A new engine, on the processor.
    Processor,
    /// A new engine, with the page's own models.
    PageModels,
    /// The page anew.
    Reload,
    /// Nothing: the visitor goes on.
    Dismiss,
}

/// The picture that questions are about, and the one that comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(crate) shown: Option<Shown>,
    /// Chosen, and not decoded yet.
    pub(crate) coming: Option<Chosen>,
}

/// A picture that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chosen {
    /// The page's number of it: later ones are larger.
    pub(crate) number: u32,
    /// Its file's name, for people.
    pub(crate) name: String,
    /// Its id in the gallery, if it is from there.
    pub(crate) gallery: Option<String>,
    /// Questions that go with it; none for the usual ones.
    pub(crate) questions: Vec<String>,
}

/// A picture that is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) chosen: Chosen,
    /// Width in px of the upright picture, which boxes are in.
    pub(crate) width: u32,
    /// Height in px.
    pub(crate) height: u32,
}

/// A question, and what the models said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// The page's number of it: later ones are larger.
    pub(crate) number: u32,
    /// Empty before the first.
    pub(crate) question: String,
    /// More is to come.
    pub(crate) answering: bool,
    /// The visitor has asked to end it.
    pub(crate) stopping: bool,
    /// An engine before this one was asked the same.
    #[serde(default)]
    pub(crate) again: bool,
    /// The models were trained on no question of this kind.
    pub(crate) outside: bool,
    /// How the models were asked.
    #[serde(default)]
    pub(crate) settings: Settings,
    /// Where the answers were computed, if they came with the page.
    #[serde(default)]
    pub(crate) made: Option<Made>,
    /// One per model, in the models' order.
    pub(crate) panes: Vec<Pane>,
}

/// A question of before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past {
    /// The picture that it was about.
    pub(crate) chosen: Chosen,
    /// The question, and its answers.
    pub(crate) turn: Turn,
}

/// What a reload of the page gets back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// The picture that was asked about, if it is one of the gallery: a visitor's own is kept
    /// nowhere.
    pub(crate) chosen: Option<Chosen>,
    /// The last question, and its answers.
    pub(crate) turn: Turn,
}

/// What one model has said so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pane {
    /// Id of the model.
    pub(crate) model: String,
    pub(crate) phase: Phase,
    /// Features of an earlier question were used again.
    pub(crate) reused: bool,
    /// The text so far.
    pub(crate) text: String,
    /// What an engine has said again, while that is less than what the one before had said.
    #[serde(default)]
    pub(crate) again: Option<String>,
    /// Everything, once it is complete.
    pub(crate) answer: Option<Answer>,
}

/// What a model does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing was asked.
    #[default]
    Idle,
    /// The other model goes first.
    Waiting,
    /// Encodes the picture.
    Looking,
    /// Writes.
    Answering,
    /// Has answered.
    Done,
    /// Has answered elsewhere: the answer came as a link, or with the page.
    Recorded,
    /// Was stopped before its end.
    Stopped,
}

impl State {
    /// Bytes of all files, and how many of them are here: in the browser's store, or come in this
    /// visit.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let all = self.files.iter().map(|file| file.bytes).sum();
        let here = self
            .files
            .iter()
            .zip(&self.progress)
            .map(|(file, progress)| (progress.downloaded + progress.cached).min(file.bytes))
            .sum();
        (all, here)
    }

    /// Whether questions can be asked.
    pub(crate) fn loaded(&self) -> Option<&Loaded> {
        match &self.loading {
            Loading::Loaded(loaded) => Some(loaded),
            _ => None,
        }
    }

    /// Whether models are on their way.
    pub(crate) fn is_loading(&self) -> bool {
        matches!(self.loading, Loading::Fetching { .. } | Loading::Preparing { .. })
    }

    /// Whether the processor computes.
    pub(crate) fn on_processor(&self) -> bool {
        self.machine
            .as_ref()
            .is_some_and(|machine| machine.backend == Backend::Cpu)
    }

    /// Whether the number of bits matters: the processor has 32 alone.
    pub(crate) fn computes_in_16(&self) -> bool {
        let machine = self.machine.as_ref();
        machine.is_none_or(|machine| machine.backend == Backend::WebGpu)
    }

    /// Whether the engine that runs was started with other settings, as a link may bring them.
    pub(crate) fn needs_another(&self) -> bool {
        self.engines > 0 && self.settings.whole != self.started_whole && self.computes_in_16()
    }

    /// Something that another engine may do better, or the processor where a GPU computes.
    pub(crate) fn restartable(&self, sentence: String) -> Problem {
        let other = !self.on_processor() && self.machine.is_some();
        Problem {
            sentence,
            remedy: Some(Remedy::Restart),
            other: other.then_some(Remedy::Processor),
        }
    }

    /// Whether this browser keeps what was downloaded for another engine or visit.
    pub(crate) fn keeps(&self) -> bool {
        self.store.is_some_and(|store| store != Store::Memory)
    }

    /// A model's name for people, by its id.
    pub(crate) fn model_name<'a>(&'a self, id: &str) -> &'a str {
        self.models
            .iter()
            .find(|model| model.id == id)
            .map_or("the language model", |model| &model.name)
    }
}
