//! Evaluation as a library: which questions a model is asked, runs that cannot be lost, their
//! comparison and their report.
//!
//! Nothing here knows where files lie. A run's files lie on a [`Disk`](run::disk::Disk), and who
//! answers is an [`Answerer`](run::Answerer). All of it compiles for a browser, where these wait
//! instead of blocking. `native` has the file system of this machine.

mod answerers;
mod coming;
pub mod comparison;
mod controls;
mod error;
mod finished;
mod gallery;
mod key;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
mod plan;
pub mod questions;
pub mod report;
mod request;
pub mod run;
mod summary;

pub use controls::Blindfold;
pub use error::EvaluationError;
pub use finished::{FinishedRun, by_task};
pub use plan::{Done, Listener, Plan, Rows, Unanswered};
pub use request::{By, Control};
pub use summary::Summary;
