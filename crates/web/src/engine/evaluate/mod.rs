//! Evaluations in the tab: the same library as the native program's, over files of the visitor and
//! runs that the browser keeps.

mod agree;
mod job;
mod kept;

use std::path::{Path, PathBuf};

use sightline_eval::tasks::{DataPath, TASKS, Task};
use sightline_evaluation::EvaluationError;
use sightline_messages::{EvaluateCommand, EvaluateEvent, Event, TaskInfo};

use super::download::Missing;
use super::evaluations::data::is_made;
use super::failure::of_question;
use super::sentence::sentence;
use super::state::State;

/// Folder of all runs.
const RUNS: &str = "runs";

impl State {
    /// Answers [`sightline_messages::Command::Evaluate`].
    pub(super) async fn evaluate(&mut self, command: EvaluateCommand) {
        let done = match command {
            EvaluateCommand::Look => self.tell_all().await,
            EvaluateCommand::Open { name, paths } => {
                let files = self.evaluations.attached.take();
                self.evaluations.files.open(name, paths, files);
                self.tell_tasks();
                Ok(())
            }
            EvaluateCommand::Run(job) => self.run_job(&job).await,
            // It overtakes, and is handled where it arrives.
            EvaluateCommand::Stop => Ok(()),
            EvaluateCommand::Report => self.report().await,
            EvaluateCommand::Export => self.export().await,
            EvaluateCommand::Agree { folder, paths } => {
                let files = self.evaluations.attached.take();
                self.agree(folder, paths, files).await
            }
            EvaluateCommand::Remove { folder } => self.remove(&folder).await,
        };
        match done {
            Ok(()) | Err(Missing::Cancelled) => {}
            Err(Missing::Failed(sentence) | Missing::WrongDevice(sentence)) => {
                self.tell(EvaluateEvent::Failed { sentence })
            }
            Err(Missing::Model(error)) if error.is_device() => self.outbox.send(&of_question(0, &error)),
            Err(Missing::Model(error)) => self.tell(EvaluateEvent::Failed {
                sentence: sentence(&error),
            }),
        }
    }

    fn tell(&self, event: EvaluateEvent) {
        self.outbox.send(&Event::Evaluate(event));
    }

    async fn tell_all(&mut self) -> Result<(), Missing> {
        self.tell_tasks();
        self.tell_runs().await
    }

    fn tell_tasks(&self) {
        let data = self.evaluations.data();
        self.tell(EvaluateEvent::Tasks {
            folder: self.evaluations.files.folder(),
            tasks: TASKS.iter().map(|task| told(task, &data)).collect(),
        });
    }
}

/// A task as a page is told of it.
fn told(task: &Task, data: &DataPath) -> TaskInfo {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let made = is_made(task);
    TaskInfo {
        id: task.id.into(),
        name: task.name.into(),
        split: task.split.into(),
        questions: task.count as u32,
        metric: task.metric.into(),
        made,
        boxes: task.asks_for_boxes(),
        files: texts(task.files),
        missing: match made {
            true => Vec::new(),
            false => texts(&task.missing(data.clone())),
        },
    }
}

/// A problem of the library as one of the engine.
fn failed(error: impl Into<EvaluationError>) -> Missing {
    error.into().into()
}

/// The folder of a run, as a page names it.
fn run_folder(name: &str) -> Result<PathBuf, Missing> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    match plain && path.starts_with(RUNS) && path.components().count() >= 3 {
        true => Ok(path.to_owned()),
        false => Err(Missing::Failed(format!("{name} is no folder of a run."))),
    }
}
