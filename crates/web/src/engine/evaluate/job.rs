//! A job: every run that the visitor asked for, one after the other.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sightline_eval::interval::{Group, Headline};
use sightline_eval::score::Score;
use sightline_eval::scorer::{Outcome, Scorer};
use sightline_eval::tasks::{self, Loaded, Select, Task};
use sightline_evaluation::run::disk::Disk;
use sightline_evaluation::run::{Machine, Progress, Shard};
use sightline_evaluation::{By, Control, Plan, Rows};
use sightline_messages::{EvaluateControl, EvaluateEvent, EvaluateJob, EvaluateProgress, Event};
use web_time::{Duration, Instant};

use super::{RUNS, failed};
use crate::engine::download::Missing;
use crate::engine::evaluations::data::is_made;
use crate::engine::evaluations::disk::RunDisk;
use crate::engine::outbox::Outbox;
use crate::engine::signals::Cancel;
use crate::engine::state::State;

/// Where a job is noted until it is done.
const NOTE: &str = "job.json";
/// Until an interval is drawn again, as a multiple of what drawing it took.
const RARELY: u32 = 20;

/// The note of a job. A later version of the page may want to know more.
#[derive(Serialize, Deserialize)]
struct Note {
    version: u32,
    job: EvaluateJob,
}

const NOTE_VERSION: u32 = 1;

/// One run of a job.
#[derive(Clone, Debug)]
struct Part {
    control: Option<Control>,
    /// None where no model answers.
    model: Option<String>,
    by: By,
}

impl Part {
    /// The plan that it follows.
    fn plan(&self, job: &EvaluateJob, disk: &RunDisk) -> Result<Plan<RunDisk>, String> {
        let shard = job
            .shard
            .map(|[index, count]| Shard::new(index as usize, count as usize));
        Ok(Plan {
            disk: disk.clone(),
            out: PathBuf::from(RUNS),
            batch_size: job.batch_size.clamp(1, 1024) as usize,
            control: self.control,
            by: self.by,
            shard: shard.transpose()?,
            from_start: true,
        })
    }
}

/// The runs of a job: what takes no time first.
fn parts(job: &EvaluateJob) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut pictures = vec![None];
    for control in &job.controls {
        let control = match control {
            EvaluateControl::Majority => Control::Majority,
            EvaluateControl::Chance => Control::Chance,
            EvaluateControl::Shuffled => {
                pictures.push(Some(Control::Shuffled));
                continue;
            }
        };
        parts.push(Part {
            control: Some(control),
            model: None,
            by: By::Language,
        });
    }
    for control in pictures {
        for by in [By::Language, By::Dense].into_iter().take(1 + usize::from(job.dense)) {
            parts.extend(job.models.iter().map(|model| Part {
                control,
                model: Some(model.clone()),
                by,
            }));
        }
    }
    parts
}

/// The job that was cut off, if there is one.
pub(super) async fn unfinished(disk: &RunDisk) -> Option<EvaluateJob> {
    let bytes = disk.read(Path::new(NOTE)).await.ok()??;
    let note: Note = serde_json::from_slice(&bytes).ok()?;
    (note.version == NOTE_VERSION).then_some(note.job)
}

impl State {
    /// Does what is left of a job.
    pub(super) async fn run_job(&mut self, job: &EvaluateJob) -> Result<(), Missing> {
        let done = self.run_parts(job).await;
        let stopped = matches!(done, Err(Missing::Cancelled));
        self.tell(EvaluateEvent::Ended { stopped });
        // What is wrong is told after what is there.
        self.tell_runs().await?;
        done
    }

    async fn run_parts(&mut self, job: &EvaluateJob) -> Result<(), Missing> {
        let parts = parts(job);
        if parts.is_empty() {
            return Err("Nobody answers: choose a model, or a control.".to_owned().into());
        }
        if !job.models.is_empty() && self.arms.is_none() {
            return Err("The models are not loaded yet. Load them, and start again."
                .to_owned()
                .into());
        }
        let loaded = self.task(job).await?;
        let disk = self.evaluations.disk().await;
        for part in &parts {
            part.plan(job, &disk)?.check(&loaded).map_err(failed)?;
        }
        let note = Note {
            version: NOTE_VERSION,
            job: job.clone(),
        };
        let note = serde_json::to_vec(&note).map_err(|error| error.to_string())?;
        // Without room for a note there is none for a run, and that will be told.
        let _ = disk.write(Path::new(NOTE), &note).await;
        let places = parts.len() as u32;
        for (at, part) in parts.into_iter().enumerate() {
            let plan = part.plan(job, &disk)?;
            let told = Told::new(
                self.outbox.clone(),
                self.evaluations.halt.clone(),
                &loaded,
                plan.who(part.model.as_deref()),
                [at as u32 + 1, places],
            );
            self.run_part(&plan, loaded.clone(), part.model, told).await?;
            self.tell_runs().await?;
        }
        let _ = disk.remove(Path::new(NOTE)).await;
        Ok(())
    }

    /// The task with its questions.
    async fn task(&mut self, job: &EvaluateJob) -> Result<Loaded, Missing> {
        let made = Task::find(&job.task).is_some_and(|(task, _)| is_made(task));
        if made && let Some(opened) = &self.opened {
            let base = opened.url.clone();
            self.evaluations.files.fetch_own(&base).await?;
        }
        let select = Select {
            limit: job.limit.map(|limit| limit as usize),
            ..Select::default()
        };
        tasks::load(&job.task, self.evaluations.data(), &select).map_err(failed)
    }

    async fn run_part(
        &mut self,
        plan: &Plan<RunDisk>,
        mut loaded: Loaded,
        model: Option<String>,
        mut told: Told,
    ) -> Result<(), Missing> {
        let mut listener = |progress: &Progress<'_>, scorer: &dyn Scorer| told.hear(progress, scorer);
        let Some(id) = model else {
            let done = plan.without_model(loaded, machine("no model"), &mut listener).await;
            return done.map(|_| ()).map_err(failed);
        };
        let (Some(arms), Some(opened)) = (&mut self.arms, &self.opened) else {
            return Err("The models are not loaded yet. Load them, and start again."
                .to_owned()
                .into());
        };
        plan.go_on(&mut loaded, &id).await.map_err(failed)?;
        let manifest = &opened.bundle.manifest;
        let row = manifest.model(&id).map_err(|error| error.to_string())?;
        let language = manifest
            .language_model(&row.language_model)
            .map_err(|error| error.to_string())?;
        let machine = machine(&arms.machine.adapter);
        let rows = Rows { row, language };
        plan.model(loaded, &mut arms.models, rows, machine, &mut listener)
            .await?;
        Ok(())
    }
}

/// This browser, as `run.json` notes it.
fn machine(device: &str) -> Machine {
    Machine {
        host: "a browser".to_owned(),
        device: device.to_owned(),
        memory: None,
    }
}

/// Tells the page how far a run is.
struct Told {
    outbox: Outbox,
    halt: Cancel,
    progress: EvaluateProgress,
    /// Picture and setting of every question, in the order of the run.
    groups: Vec<Group>,
    /// Place and score of every answer.
    scores: Vec<(usize, Score)>,
    began: Option<Instant>,
    /// When the interval was drawn last, and how long that took.
    drawn: Option<(Instant, Duration)>,
}

impl Told {
    fn new(outbox: Outbox, halt: Cancel, loaded: &Loaded, who: String, place: [u32; 2]) -> Self {
        Self {
            outbox,
            halt,
            progress: EvaluateProgress {
                task: loaded.id.clone(),
                who,
                place,
                done: 0,
                of: 0,
                resumed: 0,
                score: None,
                seconds_left: None,
            },
            groups: loaded.questions.iter().map(Group::of).collect(),
            scores: Vec::new(),
            began: None,
            drawn: None,
        }
    }

    fn hear(&mut self, heard: &Progress<'_>, scorer: &dyn Scorer) -> ControlFlow<()> {
        for record in heard.new {
            let readable = !matches!(record.outcome, Outcome::Unreadable(_));
            let score = readable.then(|| scorer.score(record).ok()).flatten();
            self.scores.push((record.index, score.unwrap_or_default()));
        }
        let (done, of) = (heard.done as u32, heard.of as u32);
        let now = Instant::now();
        match self.began {
            // What was there before says nothing of the speed.
            None => {
                self.began = Some(now);
                self.progress.resumed = done;
            }
            Some(began) if done > self.progress.resumed => {
                let each = (now - began).as_secs_f64() / f64::from(done - self.progress.resumed);
                self.progress.seconds_left = Some(each * f64::from(of - done));
            }
            Some(_) => {}
        }
        (self.progress.done, self.progress.of) = (done, of);
        self.draw(now);
        self.outbox
            .send(&Event::Evaluate(EvaluateEvent::Progress(self.progress.clone())));
        match self.halt.asked() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Draws the interval, unless that would slow the run down.
    fn draw(&mut self, now: Instant) {
        if self.drawn.is_some_and(|(last, took)| now - last < RARELY * took) {
            return;
        }
        let group = |(place, score): &(usize, Score)| Some((self.groups.get(*place)?, *score));
        let samples: Vec<_> = self.scores.iter().filter_map(group).collect();
        let headline = (!samples.is_empty()).then(|| Headline::of(&samples)).flatten();
        self.progress.score = headline.map(|found| {
            let interval = found.interval;
            [interval.estimate, interval.low, interval.high]
        });
        self.drawn = Some((now, now.elapsed()));
    }
}
