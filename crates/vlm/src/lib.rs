//! From a picture and a question to an answer: encoder, connector, language model, boxes.
//!
//! [`Vlm`] is one model of the manifest on one device. [`Vlm::look`] takes a picture, [`Vlm::ask`]
//! answers questions about it. Features and the prefix of the prompt are computed once per picture.
//! Inside, `Eye` is what looks and `Talk` what talks. [`Lineup`] asks several models one question.
//! [`Blind`] is the control that answers without pictures.
//!
//! ```no_run
//! # use sightline_vlm::{Options, Result, Vlm};
//! # use sightline_vision::Picture;
//! # async fn answer(model: &mut Vlm, picture: &Picture) -> Result<()> {
//! model.look(picture).await?;
//! for question in ["What is shown in the image?", "Where is the teapot?"] {
//!     let answer = model.ask(question, &Options::default(), async |_: &str| true).await?;
//!     println!("{}: {}, {} boxes", answer.model, answer.text, answer.boxes.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `examples/ask_a_picture.rs` has the whole way, from files to an answer. What an answer is made
//! of is in `sightline-answer`, and is named here too.

#[cfg(not(target_arch = "wasm32"))]
mod asked;
mod batch;
mod blind;
mod connector;
mod conversations;
mod dense;
mod draw;
#[cfg(not(target_arch = "wasm32"))]
mod drawn;
mod error;
mod eye;
mod files;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod info;
mod inside;
mod language;
mod lineup;
mod load;
mod model;
mod questions;
mod sight;
mod talk;

#[cfg(not(target_arch = "wasm32"))]
pub use asked::{FileQuestion, QuestionFile, QuestionFileError};
pub use batch::Ask;
pub use blind::Blind;
pub use connector::Connector;
pub use conversations::{Asked, BatchAnswer, Reply};
pub use dense::{DenseHead, Detection};
pub use draw::{PENS, Pen, Sheet};
#[cfg(not(target_arch = "wasm32"))]
pub use drawn::drawn;
pub use error::{Result, VlmError};
pub use eye::MIN_HALF_COSINE;
pub use files::Files;
#[cfg(not(target_arch = "wasm32"))]
pub use folder::Folder;
pub use info::info;
#[cfg(not(target_arch = "wasm32"))]
pub use inside::{Figure, Panel};
pub use inside::{Seer, Steps};
pub use language::Language;
pub use lineup::{FileSource, Lineup, Listener, Turn};
pub use model::{Cost, Look, Vlm};
pub use questions::{Recognised, recognise};
pub use sightline_answer::{
    Answer, AnswerBox, BoxError, Heat, Map, MapKind, MapQuery, ModelInfo, Region, Source, Spot, Timings,
};
pub use talk::Options;
