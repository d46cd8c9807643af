//! The evaluation of `evaluate.html`.

use serde::{Deserialize, Serialize};
use sightline_messages::{
    AgreementInfo, Command, ComparedInfo, EvaluateCommand, EvaluateEvent, EvaluateJob, EvaluateProgress, Event,
    RunInfo, TaskInfo,
};

pub(crate) use super::input::Evaluate as Input;
use super::input::Input as LabInput;
use crate::state::{Remedy, State};
use crate::update::{self, Effect};

/// What the page knows of evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evaluating {
    /// Whether this page evaluates at all.
    pub(crate) here: bool,
    /// Name of the folder that is open, and how many files it has.
    pub(crate) folder: Option<(String, u32)>,
    pub(crate) tasks: Vec<TaskInfo>,
    pub(crate) phase: Phase,
    /// How far the run is, while there is one.
    pub(crate) progress: Option<EvaluateProgress>,
    /// Whether the browser keeps runs; none before it has said so.
    pub(crate) kept: Option<bool>,
    pub(crate) runs: Vec<RunInfo>,
    pub(crate) compared: Vec<ComparedInfo>,
    /// A job that was cut off or stopped.
    pub(crate) unfinished: Option<EvaluateJob>,
    pub(crate) agreed: Option<Agreed>,
    /// What is wrong with what was asked for last, or what came of it.
    pub(crate) note: String,
    /// The same of runs that are there, and of those that were opened beside them.
    pub(crate) kept_note: String,
    pub(crate) agreed_note: String,
    /// Number of reports that came, and the last one.
    pub(crate) report: (u32, Option<Report>),
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The file that needs nothing else.
    pub(crate) html: String,
    /// What it shows, as JSON.
    pub(crate) data: String,
}

/// Runs beside those of another device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agreed {
    pub(crate) runs: Vec<AgreementInfo>,
    /// What has no counterpart here.
    pub(crate) alone: Vec<String>,
}

/// What is being made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Making {
    /// A report or a zip file.
    OfRuns,
    /// A comparison with another device.
    Agreement,
}

/// What happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// A job waits for the models.
    Waiting(EvaluateJob),
    /// A job runs.
    Running {
        /// The visitor has asked to end it.
        stopping: bool,
    },
    /// Something is made of what is there.
    Busy(Making),
}

/// What the input changes.
pub(super) fn update(evaluating: &mut Evaluating, state: &mut State, input: &update::Input) -> Vec<Effect> {
    match input {
        update::Input::Lab(LabInput::Evaluate(input)) => asked(evaluating, state, input),
        update::Input::Heard(Event::Ready { .. }) if evaluating.here => send(EvaluateCommand::Look),
        update::Input::Heard(Event::Loaded(_)) => match std::mem::take(&mut evaluating.phase) {
            Phase::Waiting(job) => run(evaluating, job),
            other => {
                evaluating.phase = other;
                Vec::new()
            }
        },
        update::Input::Heard(Event::LoadFailed { .. } | Event::Cancelled | Event::Broken { .. })
        | update::Input::Remedy(Remedy::Restart | Remedy::Processor) => {
            ended(evaluating);
            Vec::new()
        }
        update::Input::Heard(Event::Evaluate(event)) => heard(evaluating, event.clone()),
        _ => Vec::new(),
    }
}

fn send(command: EvaluateCommand) -> Vec<Effect> {
    vec![Effect::Send(Command::Evaluate(command))]
}

/// Nothing runs any longer.
fn ended(evaluating: &mut Evaluating) {
    evaluating.phase = Phase::Idle;
    evaluating.progress = None;
}

fn run(evaluating: &mut Evaluating, job: EvaluateJob) -> Vec<Effect> {
    evaluating.phase = Phase::Running { stopping: false };
    evaluating.note.clear();
    evaluating.unfinished = None;
    send(EvaluateCommand::Run(job))
}

/// Starts a job, or loads the models and has it wait for them.
fn start(evaluating: &mut Evaluating, state: &mut State, mut job: EvaluateJob) -> Vec<Effect> {
    if evaluating.phase != Phase::Idle {
        return Vec::new();
    }
    if job.models.is_empty() && job.controls.is_empty() {
        evaluating.note = "Nobody would answer: choose a model, or a control.".into();
        return Vec::new();
    }
    let made = evaluating.tasks.iter().any(|task| task.made && task.id == job.task);
    let opened = evaluating.folder.as_ref().filter(|_| !made);
    job.folder = opened.map(|(name, _)| name.clone()).or(job.folder);
    if job.models.is_empty() || state.loaded().is_some() {
        return run(evaluating, job);
    }
    evaluating.note.clear();
    evaluating.phase = Phase::Waiting(job);
    // The button that starts it names their size.
    update::load(state)
}

fn asked(evaluating: &mut Evaluating, state: &mut State, input: &Input) -> Vec<Effect> {
    let idle = evaluating.phase == Phase::Idle;
    match input {
        Input::Here => {
            evaluating.here = true;
            Vec::new()
        }
        Input::Changed => Vec::new(),
        Input::Start(job) => start(evaluating, state, job.clone()),
        Input::GoOn => match evaluating.unfinished.clone() {
            Some(job) => start(evaluating, state, job),
            None => Vec::new(),
        },
        Input::Stop => match &mut evaluating.phase {
            Phase::Running { stopping } => {
                *stopping = true;
                send(EvaluateCommand::Stop)
            }
            Phase::Waiting(_) => {
                evaluating.phase = Phase::Idle;
                Vec::new()
            }
            _ => Vec::new(),
        },
        Input::SaveReport => match &evaluating.report.1 {
            Some(report) => vec![Effect::Save {
                name: "report.html".into(),
                kind: "text/html".into(),
                bytes: report.html.clone().into_bytes(),
            }],
            None => Vec::new(),
        },
        // The others wait for the end of a run: they would stand in line behind it.
        _ if !idle => Vec::new(),
        Input::Opened { name, paths } => {
            evaluating.note.clear();
            send(EvaluateCommand::Open {
                name: name.clone(),
                paths: paths.clone(),
            })
        }
        Input::Report => busy(evaluating, Making::OfRuns, EvaluateCommand::Report),
        Input::Export => busy(evaluating, Making::OfRuns, EvaluateCommand::Export),
        Input::Agree { folder, paths } => {
            evaluating.agreed = None;
            let (folder, paths) = (folder.clone(), paths.clone());
            busy(evaluating, Making::Agreement, EvaluateCommand::Agree { folder, paths })
        }
        Input::Remove(folder) => {
            evaluating.agreed = None;
            send(EvaluateCommand::Remove { folder: folder.clone() })
        }
    }
}

fn busy(evaluating: &mut Evaluating, making: Making, command: EvaluateCommand) -> Vec<Effect> {
    evaluating.phase = Phase::Busy(making);
    note(evaluating).clear();
    send(command)
}

/// Something that was waited for has come.
fn came(evaluating: &mut Evaluating) {
    if let Phase::Busy(_) = evaluating.phase {
        evaluating.phase = Phase::Idle;
    }
}

/// Where it is told what came of what was asked for last: beside what asks for it.
fn note(evaluating: &mut Evaluating) -> &mut String {
    match evaluating.phase {
        Phase::Busy(Making::OfRuns) => &mut evaluating.kept_note,
        Phase::Busy(Making::Agreement) => &mut evaluating.agreed_note,
        _ => &mut evaluating.note,
    }
}

fn heard(evaluating: &mut Evaluating, event: EvaluateEvent) -> Vec<Effect> {
    match event {
        EvaluateEvent::Tasks { folder, tasks } => (evaluating.folder, evaluating.tasks) = (folder, tasks),
        EvaluateEvent::Runs {
            kept,
            runs,
            compared,
            unfinished,
        } => {
            evaluating.kept = Some(kept);
            (evaluating.runs, evaluating.compared) = (runs, compared);
            // While it runs, a job is noted as one that is not finished.
            evaluating.unfinished = unfinished.filter(|_| !matches!(evaluating.phase, Phase::Running { .. }));
        }
        EvaluateEvent::Progress(progress) => evaluating.progress = Some(progress),
        EvaluateEvent::Ended { stopped } => {
            ended(evaluating);
            evaluating.note = match stopped {
                true => "Stopped. What is done is kept.".into(),
                false => String::new(),
            };
        }
        EvaluateEvent::Failed { sentence } => {
            *note(evaluating) = sentence;
            came(evaluating);
        }
        EvaluateEvent::Report { html, data } => {
            came(evaluating);
            evaluating.report = (evaluating.report.0 + 1, Some(Report { html, data }));
        }
        EvaluateEvent::Exported { runs, zip } => {
            *note(evaluating) = match runs {
                1 => "One run was packed.".into(),
                n => format!("{n} runs were packed."),
            };
            came(evaluating);
            return vec![Effect::Save {
                name: "sightline-runs.zip".into(),
                kind: "application/zip".into(),
                bytes: zip,
            }];
        }
        EvaluateEvent::Agreed { runs, alone } => {
            came(evaluating);
            evaluating.agreed = Some(Agreed { runs, alone });
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use sightline_messages::EvaluateControl;

    use super::super::measuring::tests::loaded;
    use super::*;
    use crate::state::Engine;

    fn job(models: &[&str]) -> EvaluateJob {
        EvaluateJob {
            task: "presence-gallery".into(),
            limit: Some(20),
            batch_size: 4,
            shard: None,
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            controls: vec![EvaluateControl::Majority],
            dense: false,
            folder: None,
        }
    }

    fn press(input: Input) -> update::Input {
        update::Input::Lab(LabInput::Evaluate(input))
    }

    fn said(event: EvaluateEvent) -> update::Input {
        update::Input::Heard(Event::Evaluate(event))
    }

    fn runs(unfinished: Option<EvaluateJob>) -> EvaluateEvent {
        EvaluateEvent::Runs {
            kept: true,
            runs: Vec::new(),
            compared: Vec::new(),
            unfinished,
        }
    }

    #[test]
    fn a_job_waits_for_models_and_runs_once_they_are_there() {
        let mut page = Evaluating::default();
        let mut ready = State {
            engine: Engine::Ready,
            ..State::default()
        };
        let effects = update(&mut page, &mut ready, &press(Input::Start(job(&["m"]))));
        assert_eq!(effects, [Effect::Send(Command::Load)]);
        assert!(ready.is_loading());
        assert_eq!(page.phase, Phase::Waiting(job(&["m"])));
        let Some(models) = loaded().loaded().cloned() else {
            panic!("no models")
        };
        let effects = update(
            &mut page,
            &mut State::default(),
            &update::Input::Heard(Event::Loaded(models)),
        );
        assert_eq!(effects, send(EvaluateCommand::Run(job(&["m"]))));
        assert_eq!(page.phase, Phase::Running { stopping: false });
        assert!(
            update(&mut page, &mut loaded(), &press(Input::Start(job(&["m"])))).is_empty(),
            "one at a time"
        );
        assert_eq!(
            update(&mut page, &mut loaded(), &press(Input::Stop)),
            send(EvaluateCommand::Stop)
        );
        update(&mut page, &mut loaded(), &said(EvaluateEvent::Ended { stopped: true }));
        assert_eq!(page.phase, Phase::Idle);
        assert!(page.note.starts_with("Stopped."), "{}", page.note);
    }

    #[test]
    fn what_was_cut_off_goes_on_with_the_same_settings() {
        let mut page = Evaluating {
            here: true,
            ..Evaluating::default()
        };
        update(&mut page, &mut loaded(), &said(runs(Some(job(&["m"])))));
        assert_eq!(page.unfinished, Some(job(&["m"])));
        let effects = update(&mut page, &mut loaded(), &press(Input::GoOn));
        assert_eq!(effects, send(EvaluateCommand::Run(job(&["m"]))));
        // The note of the job that runs is not offered meanwhile.
        update(&mut page, &mut loaded(), &said(runs(Some(job(&["m"])))));
        assert_eq!(page.unfinished, None);
        let broken = Event::Broken {
            sentence: "Gone.".into(),
            remedy: sightline_messages::Remedy::Restart,
        };
        update(&mut page, &mut loaded(), &update::Input::Heard(broken));
        assert_eq!((&page.phase, page.progress.is_none()), (&Phase::Idle, true));
    }

    #[test]
    fn controls_need_no_models_and_nobody_is_refused() {
        let mut page = Evaluating::default();
        let effects = update(&mut page, &mut State::default(), &press(Input::Start(job(&[]))));
        assert_eq!(effects, send(EvaluateCommand::Run(job(&[]))));
        let mut page = Evaluating::default();
        let nobody = EvaluateJob {
            controls: Vec::new(),
            ..job(&[])
        };
        assert!(update(&mut page, &mut State::default(), &press(Input::Start(nobody))).is_empty());
        assert!(page.note.contains("choose a model"), "{}", page.note);
    }

    #[test]
    fn a_zip_file_is_saved_and_a_report_is_kept() {
        let mut page = Evaluating::default();
        let effects = update(&mut page, &mut State::default(), &press(Input::Export));
        assert_eq!(effects, send(EvaluateCommand::Export));
        let zip = vec![80, 75];
        let came = said(EvaluateEvent::Exported {
            runs: 2,
            zip: zip.clone(),
        });
        let effects = update(&mut page, &mut State::default(), &came);
        assert!(matches!(&effects[..], [Effect::Save { bytes, .. }] if *bytes == zip));
        assert_eq!(page.phase, Phase::Idle);
        let (html, data) = ("<p>".to_owned(), "{}".to_owned());
        update(
            &mut page,
            &mut State::default(),
            &said(EvaluateEvent::Report { html, data }),
        );
        assert_eq!(page.report.0, 1);
        let effects = update(&mut page, &mut State::default(), &press(Input::SaveReport));
        assert!(matches!(&effects[..], [Effect::Save { name, .. }] if name == "report.html"));
    }
}
