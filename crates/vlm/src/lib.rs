//! From a picture and a question to an answer: encoder, connector, language model, boxes.
//!
//! [`Vlm`] is one model of the manifest on one device. [`Vlm::look`] takes a picture, [`Vlm::ask`]
//! answers questions about it. Features and the prefix of the prompt are computed once per picture.
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
//! `examples/ask_a_picture.rs` has the whole way, from files to an answer. What an answer is made of
//! is in `sightline-answer`, and is named here too.

mod batch;
mod blind;
mod connector;
mod conversations;
mod dense;
mod draw;
mod error;
mod half;
mod info;
mod load;
mod model;
mod questions;

pub use batch::Ask;
pub use blind::Blind;
pub use connector::Connector;
pub use conversations::{Asked, BatchAnswer, Reply};
pub use dense::{DenseHead, Detection};
pub use draw::{PENS, Pen, Sheet};
pub use error::{Result, VlmError};
pub use half::MIN_HALF_COSINE;
pub use info::info;
pub use model::{Cost, Files, Language, Look, Options, Vlm};
pub use questions::{Recognised, recognise};
pub use sightline_answer::{Answer, AnswerBox, BoxError, ModelInfo, Region, Source, Timings};
