use serde::{Deserialize, Serialize};

use sightline_answer::{Answer, Machine, ModelInfo};

use crate::evaluate::EvaluateEvent;
use crate::look::LookEvent;
use crate::measured::{Loaded, Measured};
use crate::sweep::SweepEvent;

/// Defines an enum with a second way to be read: by the kind outside of the fields. What names its
/// kind among its fields has to be kept whole until the kind is found, and the code for that is a
/// fifth of the page's module.
macro_rules! with_kind_outside {
    ($(#[$meta:meta])* pub enum $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        pub enum $name { $($body)* }

        #[derive(Deserialize)]
        #[serde(remote = "Event", rename_all = "snake_case")]
        #[allow(dead_code, missing_docs, reason = "serde reads the other enum through it")]
        enum Outside { $($body)* }
    };
}

with_kind_outside! {
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
        /// Answer to [`crate::Command::Measure`].
        Measured(Measured),
        /// Of a [`crate::Command::Sweep`].
        Sweep(SweepEvent),
        /// Of a [`crate::Command::Look`].
        Look(LookEvent),
        /// About evaluations.
        Evaluate(EvaluateEvent),
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
    /// Reads `{kind: {kind, fields}}`, or the kind alone where there are no fields.
    ///
    /// # Errors
    /// Those of the deserializer: a kind or a field that is not known.
    pub fn with_kind_outside<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Outside::deserialize(from)
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
    use crate::measured::{Measure, Work};

    #[test]
    fn both_ways_of_reading_give_the_same() {
        let events = [
            Event::Cancelled,
            Event::Done { turn: 3 },
            Event::Answered {
                turn: 1,
                answer: Answer::default(),
            },
            Event::Look(LookEvent::Done { look: 2 }),
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
        for event in events {
            let inside = serde_json::to_value(&event).unwrap();
            let kind = inside["kind"].as_str().unwrap().to_owned();
            let outside = match inside.as_object().map_or(0, serde_json::Map::len) {
                1 => serde_json::json!(kind),
                _ => serde_json::json!({ kind: inside.clone() }),
            };
            assert_eq!(Event::with_kind_outside(outside).unwrap(), event);
            assert_eq!(serde_json::from_value::<Event>(inside).unwrap(), event);
        }
        assert!(Event::with_kind_outside(serde_json::json!("unheard")).is_err());
    }

    /// A page may be older or newer than its engine: the words of a row stay.
    #[test]
    fn a_row_of_a_measurement_names_its_work() {
        let row = |what| Measure {
            model: "m".into(),
            what,
            median_ms: 1.5,
            runs: 2,
            launches: 3,
            bytes: 4,
        };
        let json =
            |word: &str| format!(r#"{{"model":"m","what":"{word}","median_ms":1.5,"runs":2,"launches":3,"bytes":4}}"#);
        for (work, word) in [
            (Work::Encode, "encode"),
            (Work::Prefill, "prefill"),
            (Work::Decode, "decode"),
        ] {
            assert_eq!(serde_json::to_string(&row(work)).unwrap_or_default(), json(word));
        }
    }
}
