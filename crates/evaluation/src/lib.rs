//! Evaluation as a library: which questions a model is asked, runs that cannot be lost, their
//! comparison and their report.
//!
//! Nothing here knows where files lie. A run's files lie on a [`Disk`](run::disk::Disk), and who
//! answers is an [`Answerer`](run::Answerer). All of it compiles for a browser, where these wait
//! instead of blocking. `native` has the file system of this machine.
//!
//! A run in memory, whose answerer says the same to every question:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::ops::ControlFlow;
//! use std::path::Path;
//!
//! use sightline_eval::scorer::{Outcome, Reason};
//! use sightline_eval::sources::data::MemoryFiles;
//! use sightline_eval::tasks::{self, DataPath, Select};
//! use sightline_evaluation::run::disk::Memory;
//! use sightline_evaluation::run::{Answered, Answerer, Item, Items, Machine, Run, RunKey};
//!
//! struct Yes;
//!
//! impl Answerer for Yes {
//!     async fn answer(&mut self, _first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
//!         let yes = Answered {
//!             image: None,
//!             outcome: Outcome::Text("yes".into()),
//!             margin: None,
//!         };
//!         Ok(vec![yes; batch.len()])
//!     }
//! }
//!
//! // VizWiz in its official layout, with one question.
//! let answers = vec![serde_json::json!({ "answer": "yes", "answer_confidence": "yes" }); 10];
//! let question = serde_json::json!([{
//!     "image": "VizWiz_val_00000000.jpg", "question": "Is it blue?", "answers": answers,
//!     "answer_type": "yes/no", "answerable": 1,
//! }]);
//! let mut files = MemoryFiles::default();
//! files.add("vizwiz/val.json", question.to_string().into_bytes());
//! files.add("vizwiz/val/VizWiz_val_00000000.jpg", Vec::new());
//! let data = DataPath::new(std::sync::Arc::new(files), "");
//! let task = tasks::load("vizwiz", data, &Select::default())?;
//!
//! let items = [Item { id: task.questions[0].id.clone(), image_sha256: None }];
//! let key = RunKey {
//!     model: BTreeMap::from([("yes".into(), "1".into())]),
//!     task: task.id.clone(),
//!     task_version: task.version.clone(),
//!     transform: "none".into(),
//!     prompt: "none".into(),
//!     generation: BTreeMap::new(),
//!     scoring: "vqa".into(),
//!     dtype: "none".into(),
//!     backend: "none".into(),
//!     kernels: "none".into(),
//!     batch_size: 1,
//!     items: Items::of(&items)?,
//!     order: task.order.clone(),
//!     questions: None,
//! };
//! let disk = Memory::default();
//! let run = Run {
//!     folder: Path::new("run"),
//!     disk: &disk,
//!     key: &key,
//!     items: &items,
//!     shard: None,
//!     limit: None,
//!     machine: &Machine::default(),
//!     beside: &[],
//! };
//! let scorer = tasks::scorer(&task)?;
//! let finished = pollster::block_on(run.execute(&mut Yes, &*scorer, &mut |_| {
//!     ControlFlow::Continue(())
//! }))?;
//! assert_eq!(finished.count, 1);
//! assert!(disk.files().contains_key(Path::new("run/results.json")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod agreement;
mod answerers;
mod coming;
pub mod comparison;
mod controls;
mod error;
pub mod export;
mod finished;
mod gallery;
mod key;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod opened;
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
