//! What the page and the engine in its worker tell each other.
//!
//! One enum each way: [`Command`] from the page, [`Event`] from the engine. They are versioned,
//! because a browser may have cached the two modules at different times. The page's first message
//! is [`Command::Hello`], and an engine of another [`VERSION`] answers it with [`Event::Broken`].
//! Answers and what computed them are the types of `sightline-answer`. The worker of the kernel
//! tests reports [`TestEvent`] instead.
//!
//! ```
//! use sightline_messages::Command;
//!
//! let stop = Command::Stop { turn: 3 };
//! assert_eq!(serde_json::to_string(&stop).unwrap(), r#"{"kind":"stop","turn":3}"#);
//! ```

mod choice;
mod command;
mod evaluate;
mod event;
mod look;
mod measure;
mod outside;
mod sweep;
mod test;

pub use choice::{Models, Ways};
pub use command::Command;
pub use evaluate::{
    AgreementInfo, ComparedInfo, EvaluateCommand, EvaluateControl, EvaluateEvent, EvaluateJob, EvaluateProgress,
    RunInfo, TaskInfo,
};
pub use event::{Event, FileInfo, Preview, Remedy, Store};
pub use look::{LookCommand, LookEvent};
pub use measure::{Loaded, Measure, Measured, Work};
pub use sightline_answer::{
    Answer, AnswerBox, Backend, Dtype, Heat, Kind, Machine, Map, MapKind, MapQuery, ModelInfo, Source, Spot, Timings,
    Wish,
};
pub use sweep::{Download, Export, ExportKind, Fit, SIDES, SweepCommand, SweepEvent, SweepPoint};
pub use test::{Outcome, TestEvent};

/// Changes when a message changes its meaning.
pub const VERSION: u32 = 8;
