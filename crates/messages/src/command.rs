use serde::{Deserialize, Serialize};
use sightline_answer::Wish;

use crate::choice::{Models, Ways};
use crate::evaluate::EvaluateCommand;
use crate::look::LookCommand;
use crate::sweep::SweepCommand;

/// What the page asks of the engine. Commands are carried out one after the other.
/// [`Command::Stop`], [`Command::Cancel`] and [`Command::Picture`] overtake: they are carried out
/// as soon as they arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// The first message. The engine opens a device, reads the bundle's list of files, looks what
    /// is cached, and answers [`crate::Event::Ready`]. Nothing of a model is fetched.
    Hello {
        /// [`crate::VERSION`] of the page.
        version: u32,
        /// Absolute address of `bundle.json`.
        bundle: String,
        /// Which device to use.
        device: Wish,
        /// Where the models come from.
        #[serde(default)]
        models: Models,
        /// Whether encoders compute in 32 bits also where the device can do 16.
        #[serde(default)]
        whole: bool,
    },
    /// Fetches what is missing, checks every part, puts the models on the device and compiles them.
    /// Answered by [`crate::Event::Progress`], [`crate::Event::Compiling`] and one
    /// [`crate::Event::Loaded`].
    Load,
    /// Ends a [`Command::Load`] that is still downloading; answered by [`crate::Event::Cancelled`].
    /// Parts that are complete stay in the browser's store.
    Cancel,
    /// A picture file's bytes. It is decoded at once, also while models load or answer. Answered by
    /// [`crate::Event::Picture`] or [`crate::Event::PictureRefused`]. The engine keeps the last
    /// picture only; an answer that has begun goes on with its own.
    Picture {
        /// The page's number of this picture.
        picture: u32,
        /// The file, as it was given.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A question about the picture last sent. Answered by [`crate::Event::Started`] and, at the
    /// end, [`crate::Event::Done`].
    Ask {
        /// The page's number of this question.
        turn: u32,
        /// The picture it is about.
        picture: u32,
        /// The question.
        question: String,
        /// Most tokens of an answer.
        max_tokens: u32,
        /// How, and by which models.
        #[serde(default)]
        ways: Ways,
    },
    /// Ends the answers of a turn at the next token.
    Stop {
        /// The turn.
        turn: u32,
    },
    /// Removes every downloaded part from this browser. What is loaded stays loaded.
    Forget,
    /// Measures the loaded models: a picture, its prefill, a token. Needs loaded models; answered
    /// by [`crate::Event::Measured`].
    Measure {
        /// Runs of each, after warm-up.
        runs: u32,
    },
    /// Measures encoders over picture sizes. Answered by [`crate::Event::Sweep`].
    Sweep(SweepCommand),
    /// Looks inside the models. Answered by [`crate::Event::Look`].
    Look(LookCommand),
    /// The features of the picture last sent, of every model, for the comparison with the native
    /// program: [`crate::Event::Features`].
    Features,
    /// About evaluations.
    Evaluate(EvaluateCommand),
}
