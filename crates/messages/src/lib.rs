//! What the page and the engine in its worker tell each other.
//!
//! One enum each way: [`Command`] from the page, [`Event`] from the engine. They are versioned, because a browser may have cached
//! the two modules at different times: the page's first message is [`Command::Hello`], and an engine of another [`VERSION`] answers
//! it with [`Event::Broken`]. [`TestEvent`] is what the worker of the kernel tests reports instead.

mod command;
mod event;
mod test;

pub use command::{Command, Wish};
pub use event::{
    Answer, AnswerBox, Dtype, Event, FileInfo, Kind, Loaded, Machine, Measure, Measured, ModelInfo, Preview, Remedy,
    Source, Store, Timings,
};
pub use test::{Outcome, TestEvent};

/// Changes when a message changes its meaning.
pub const VERSION: u32 = 3;
