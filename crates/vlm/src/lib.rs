//! From a picture and a question to an answer: encoder, connector, language model, boxes.
//!
//! [`Vlm`] is one model of the manifest on one device. [`Vlm::look`] takes a picture in, [`Vlm::ask`] answers questions about it;
//! features and the prompt's prefix are computed once a picture. [`Blind`] is the control that answers without one.

mod answer;
mod batch;
mod blind;
pub mod boxes;
mod connector;
mod conversations;
mod dense;
mod draw;
mod error;
mod half;
mod load;
mod model;
mod questions;

pub use answer::{Answer, AnswerBox, Source, Timings};
pub use batch::Ask;
pub use blind::Blind;
pub use boxes::{BoxError, Region};
pub use connector::Connector;
pub use conversations::{Asked, BatchAnswer};
pub use dense::{DenseHead, Detection};
pub use draw::{PENS, Pen, Sheet};
pub use error::{Result, VlmError};
pub use half::MIN_HALF_COSINE;
pub use model::{Cost, Files, Language, Look, Options, Vlm};
pub use questions::{Recognised, recognise};
