use serde::{Deserialize, Serialize};

use sightline_answer::{Answer, Machine, ModelInfo};

use crate::evaluate::EvaluateEvent;
use crate::look::LookEvent;
use crate::measure::{Loaded, Measured};
use crate::sweep::SweepEvent;

/// Defines what the engine tells the page, with two further ways to read it. Both find the kind
/// outside of the fields: see `kind_outside!`. The first knows only what the
/// engine says to the page where pictures are asked about, so that the module of that page need not
/// hold how the rest is read.
macro_rules! event {
    ($(#[$meta:meta])* pub enum Event { $($all:tt)* } only for those who measure { $($more:tt)* }) => {
        $(#[$meta])*
        pub enum Event {
            $($all)*
            /// Of a [`crate::Command::Look`].
            Look(LookEvent),
            $($more)*
            /// Of a [`crate::Command::Sweep`].
            Sweep(SweepEvent),
            /// About evaluations.
            Evaluate(EvaluateEvent),
        }

        #[derive(Deserialize)]
        #[serde(remote = "Event", rename_all = "snake_case")]
        #[allow(dead_code, missing_docs, reason = "serde reads the other enum through it")]
        enum Asking {
            $($all)*
            Look(#[serde(deserialize_with = "LookEvent::with_kind_outside")] LookEvent),
        }

        #[derive(Deserialize)]
        #[serde(remote = "Event", rename_all = "snake_case")]
        #[allow(dead_code, missing_docs, reason = "serde reads the other enum through it")]
        enum Outside {
            $($all)*
            Look(#[serde(deserialize_with = "LookEvent::with_kind_outside")] LookEvent),
            $($more)*
            Sweep(#[serde(deserialize_with = "SweepEvent::with_kind_outside")] SweepEvent),
            Evaluate(#[serde(deserialize_with = "EvaluateEvent::with_kind_outside")] EvaluateEvent),
        }
    };
}

event! {
    /// What the engine tells the page.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Event {
        /// The device is open and the files are known; nothing of a model was fetched.
        Ready {
            /// [`crate::VERSION`] of the engine.
            version: u32,
            /// What will compute.
            machine: Machine,
            /// The models that will answer.
            models: Vec<ModelInfo>,
            /// What has to be here, and how much of it is.
            files: Vec<FileInfo>,
            /// Where downloaded parts are kept.
            store: Store,
        },
        /// How far a file is. Absolute numbers, bytes.
        Progress {
            /// Index in [`Event::Ready`]'s `files`.
            file: u32,
            /// Came from the network.
            downloaded: u64,
            /// Came from this browser's store.
            cached: u64,
            /// Passed its hash.
            verified: u64,
        },
        /// Nothing has come over the network for some time, while a download waits for it.
        Waiting {
            /// Seconds since the last byte; 0 when bytes come again.
            seconds: u32,
        },
        /// Something worth knowing that stops nothing: a damaged part fetched again, a full store.
        Notice {
            /// A whole sentence.
            sentence: String,
        },
        /// A model goes to the device and its kernels are compiled.
        Compiling {
            /// Model id, or the language model's.
            model: String,
        },
        /// Everything is ready to answer.
        Loaded(Loaded),
        /// A picture was decoded.
        Picture {
            /// The page's number.
            picture: u32,
            /// Width in px, upright.
            width: u32,
            /// Height in px, upright.
            height: u32,
            /// What the models will look at, to show.
            preview: Preview,
        },
        /// A picture cannot be used.
        PictureRefused {
            /// The page's number.
            picture: u32,
            /// Why, and what would help.
            sentence: String,
        },
        /// A question is being answered.
        Started {
            /// The page's number.
            turn: u32,
            /// Model ids in the order in which they will answer.
            order: Vec<String>,
            /// Whether the models were trained on no question of this kind.
            outside_training: bool,
        },
        /// A model begins to look at the picture.
        Looking {
            /// The page's number.
            turn: u32,
            /// Model id.
            model: String,
        },
        /// A model has looked.
        Looked {
            /// The page's number.
            turn: u32,
            /// Model id.
            model: String,
            /// Whether features of an earlier question about this picture were reused.
            reused: bool,
            /// Transform, encoder and connector, ms; 0 if reused.
            encode_ms: f64,
            /// Visual tokens.
            visual_tokens: u32,
        },
        /// A piece of an answer.
        Text {
            /// The page's number.
            turn: u32,
            /// Model id.
            model: String,
            /// What to append.
            text: String,
        },
        /// A model's whole answer.
        Answered {
            /// The page's number.
            turn: u32,
            /// The answer.
            answer: Answer,
        },
        /// A question cannot be answered; the engine goes on.
        Refused {
            /// The page's number.
            turn: u32,
            /// Why, and what would help.
            sentence: String,
        },
        /// Every model has answered, or was stopped, or the question was refused.
        Done {
            /// The page's number.
            turn: u32,
        },
        /// Loading failed; it can be tried again with [`crate::Command::Load`].
        LoadFailed {
            /// Why, and what would help.
            sentence: String,
        },
        /// Loading was ended by [`crate::Command::Cancel`].
        Cancelled,
        /// The engine cannot go on.
        Broken {
            /// Why, and what would help.
            sentence: String,
            /// What the page should offer.
            remedy: Remedy,
        },
        /// Downloaded parts were removed.
        Forgotten {
            /// Bytes removed.
            bytes: u64,
        },
    }
    only for those who measure {
        /// Answer to [`crate::Command::Measure`].
        Measured(Measured),
        /// Answer to [`crate::Command::Features`]: one model's features of the picture last sent.
        Features {
            /// Model id.
            model: String,
            /// `[tokens, width]`, row-major.
            values: Vec<f32>,
        },
    }
}

impl Event {
    /// Reads `{kind: {kind, fields}}`, or the kind alone where there are no fields. A kind of which
    /// [`Event::tag_within`] knows a tag has that one outside, too: `{kind: {tag: {fields}}}`.
    ///
    /// # Errors
    /// Those of the deserializer: a kind or a field that is not known.
    pub fn with_kind_outside<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Outside::deserialize(from)
    }

    /// The same for the page where pictures are asked about: no measurements, sweeps, evaluations
    /// and features.
    ///
    /// # Errors
    /// Those of the deserializer: a kind or a field that is not known.
    pub fn of_asking<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Asking::deserialize(from)
    }

    /// The field that tells kinds of this kind apart, if there are any.
    pub fn tag_within(kind: &str) -> Option<&'static str> {
        match kind {
            "look" | "sweep" => Some("what"),
            "evaluate" => Some("evaluate"),
            _ => None,
        }
    }
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name in the bundle.
    pub name: String,
    /// [`ModelInfo::title`] of the model whose file it is, none for a language model's.
    pub model: Option<String>,
    /// Its length, bytes.
    pub bytes: u64,
    /// How much of it this browser holds already, bytes.
    pub cached: u64,
    /// Length of every part, bytes.
    pub parts: Vec<u64>,
}

/// Where downloaded parts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// The origin's private file system.
    Opfs,
    /// The Cache API.
    Cache,
    /// Nowhere: they are fetched again at the next visit.
    Memory,
    /// They are not downloaded: the visitor has opened their folder.
    Folder,
}

/// A picture to show.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// Width in px, at most 1,024.
    pub width: u32,
    /// Height in px, at most 1,024.
    pub height: u32,
    /// `[height, width, 4]`, opaque.
    #[serde(with = "serde_bytes")]
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Preview({}x{})", self.width, self.height)
    }
}

/// What the page should offer when the engine cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// A new engine: what was downloaded is still there.
    Restart,
    /// The same, after the device was lost: nobody is needed for it.
    Resume,
    /// The page itself is of another version.
    Reload,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event as JSON, with its kinds outside.
    fn outside(inside: &serde_json::Value, tag: &str, tags: usize) -> serde_json::Value {
        let kind = inside[tag].as_str().unwrap().to_owned();
        let fields = inside.as_object().map_or(0, serde_json::Map::len);
        match Event::tag_within(&kind) {
            Some(within) if tags == 1 => serde_json::json!({ kind: outside(inside, within, 2) }),
            _ if fields == tags => serde_json::json!(kind),
            _ => serde_json::json!({ kind: inside }),
        }
    }

    #[test]
    fn every_way_of_reading_gives_the_same() {
        let asking = [
            Event::Cancelled,
            Event::Done { turn: 3 },
            Event::Answered {
                turn: 1,
                answer: Answer::default(),
            },
            Event::Look(LookEvent::Done { look: 2 }),
            Event::Look(LookEvent::Missing {
                look: 2,
                model: "m".into(),
                sentence: "None.".into(),
            }),
            Event::Picture {
                picture: 1,
                width: 2,
                height: 1,
                preview: Preview {
                    width: 2,
                    height: 1,
                    rgba: vec![7; 8],
                },
            },
        ];
        let further = [
            Event::Sweep(SweepEvent::Done { stopped: true }),
            Event::Sweep(SweepEvent::Estimates {
                seconds: vec![1.0, 2.0],
                scan: "In one launch.".into(),
            }),
            Event::Evaluate(EvaluateEvent::Ended { stopped: false }),
            Event::Evaluate(EvaluateEvent::Progress(progress())),
            Event::Features {
                model: "m".into(),
                values: vec![0.5],
            },
        ];
        let known = asking.len();
        for (at, event) in asking.into_iter().chain(further).enumerate() {
            let inside = serde_json::to_value(&event).unwrap();
            let outside = outside(&inside, "kind", 1);
            assert_eq!(Event::with_kind_outside(outside.clone()).unwrap(), event);
            assert_eq!(Event::of_asking(outside).ok(), (at < known).then(|| event.clone()));
            assert_eq!(serde_json::from_value::<Event>(inside).unwrap(), event);
        }
        assert!(Event::with_kind_outside(serde_json::json!("unheard")).is_err());
    }

    fn progress() -> crate::EvaluateProgress {
        crate::EvaluateProgress {
            task: "t".into(),
            who: "m".into(),
            place: [1, 2],
            done: 3,
            of: 4,
            resumed: 0,
            score: Some([0.5, 0.25, 0.75]),
            seconds_left: None,
        }
    }
}
