//! From a picture and a question to an answer: encoder, connector, language model, boxes.
//!
//! [`Vlm`] is one model of the manifest on one device. [`Vlm::look`] takes a picture in, [`Vlm::ask`] answers questions about it;
//! features and the prompt's prefix are computed once a picture.

mod answer;
mod batch;
pub mod boxes;
mod connector;
mod dense;
mod draw;
mod error;
mod half;
mod load;
mod model;
mod questions;

pub use answer::{Answer, AnswerBox, Source, Timings};
pub use batch::{Ask, BatchAnswer};
pub use boxes::{BoxError, Region};
pub use connector::Connector;
pub use dense::{DenseHead, Detection};
pub use draw::{PENS, Pen, Sheet};
pub use error::{Result, VlmError};
pub use half::MIN_HALF_COSINE;
pub use model::{Cost, Files, Language, Look, Options, Vlm, encoder_name};
pub use questions::{Recognised, recognise};
