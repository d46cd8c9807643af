//! What an answer is made of, as plain data: text, boxes, times, who answered, and what computed.
//!
//! `sightline-vlm` fills these types, and the messages of the page carry them. Nothing here knows a
//! device or a model. Boxes are text that is read strictly:
//!
//! ```
//! use sightline_answer::{BoxError, Region};
//!
//! let half = Region::parse("[0.00, 0.00, 0.50, 1.00]").unwrap();
//! let whole = Region { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 };
//! assert_eq!(half.iou(&whole), 0.5);
//! assert_eq!(Region::parse("left of the tree"), Err(BoxError::NotABox));
//! ```

mod answer;
mod line;
mod machine;
mod map;
mod model;
mod region;

pub use answer::{Answer, AnswerBox, Source, Timings};
pub use line::{AnswerLine, BatchLine};
pub use machine::{Backend, Dtype, Machine, Wish};
pub use map::{Heat, Map, MapKind, MapQuery, Spot};
pub use model::{Kind, ModelInfo};
pub use region::{BoxError, Region};
