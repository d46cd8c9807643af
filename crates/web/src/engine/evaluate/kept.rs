//! Runs that are there: their scores, their comparison, their report, and what leaves the browser.

use std::collections::BTreeMap;
use std::path::Path;

use sightline_eval::tasks::Task;
use sightline_evaluation::comparison::{TaskComparison, compare_runs};
use sightline_evaluation::report::{Column, Wanted, build, tasks_of};
use sightline_evaluation::run::{RunKey, peek};
use sightline_evaluation::{FinishedRun, export};
use sightline_messages::{ComparedInfo, EvaluateEvent, RunInfo};

use super::{RUNS, job, run_folder};
use crate::engine::download::Missing;
use crate::engine::evaluations::data::is_made;
use crate::engine::evaluations::disk::RunDisk;
use crate::engine::sentence::spoken;
use crate::engine::state::State;

/// Questions of each task that a report shows.
const SHOWN: usize = 48;
/// What stands behind a model's name where it saw other pictures.
const SHUFFLED: &str = "+shuffled";
/// What stands behind it where its dense head answered.
const DENSE: &str = "+dense";
/// Who answers without a model.
const WITHOUT: [&str; 2] = ["majority", "chance"];

/// Finished runs by who answered, and by task.
pub(super) type ByWho = BTreeMap<String, BTreeMap<String, FinishedRun>>;

impl State {
    /// Tells the page of every run.
    pub(super) async fn tell_runs(&mut self) -> Result<(), Missing> {
        let disk = self.evaluations.disk().await;
        let mut runs = Vec::new();
        let mut finished = ByWho::new();
        for folder in disk.runs(RUNS).await {
            let (info, run) = told(&disk, &folder).await;
            if let Some(run) = run {
                finished
                    .entry(info.who.clone())
                    .or_default()
                    .insert(info.task.clone(), run);
            }
            runs.push(info);
        }
        self.tell(EvaluateEvent::Runs {
            kept: disk.keeps(),
            runs,
            compared: compared(&finished),
            unfinished: job::unfinished(&disk).await,
        });
        Ok(())
    }

    /// Finished runs of all tasks, whole ones alone.
    pub(super) async fn finished(&mut self) -> Result<ByWho, Missing> {
        let disk = self.evaluations.disk().await;
        let mut finished = ByWho::new();
        for folder in disk.runs(RUNS).await {
            if let (info, Some(run)) = told(&disk, &folder).await {
                finished.entry(info.who).or_default().insert(info.task, run);
            }
        }
        match finished.is_empty() {
            true => Err("There is no finished run yet.".to_owned().into()),
            false => Ok(finished),
        }
    }

    pub(super) async fn report(&mut self) -> Result<(), Missing> {
        let finished = self.finished().await?;
        let columns: Vec<Column> = finished.into_iter().map(|(name, runs)| Column { name, runs }).collect();
        let tasks: Vec<&Task> = tasks_of(&columns)
            .into_iter()
            .filter_map(|task| Some(Task::find(task)?.0))
            .collect();
        if tasks.iter().any(|task| is_made(task))
            && let Some(opened) = &self.opened
        {
            let base = opened.url.clone();
            self.evaluations.files.fetch_own(&base).await?;
        }
        let data = self.evaluations.data();
        // Without all files the report goes without pictures.
        let whole = tasks.iter().all(|task| task.missing(data.clone()).is_empty());
        let wanted = Wanted {
            title: "Evaluation in a browser",
            samples: SHOWN,
            data: whole.then_some(&data),
        };
        let built = build(&columns, &wanted, &mut |_| {})?;
        let [html, data] = [built.page.html(), built.page.json()].map(|text| text.map_err(|error| error.to_string()));
        self.tell(EvaluateEvent::Report {
            html: html?,
            data: data?,
        });
        Ok(())
    }

    pub(super) async fn export(&mut self) -> Result<(), Missing> {
        let disk = self.evaluations.disk().await;
        let folders = disk.runs(RUNS).await;
        if folders.is_empty() {
            return Err("There is no run yet.".to_owned().into());
        }
        let zip = export::zip(&disk, &folders).await?;
        self.tell(EvaluateEvent::Exported {
            runs: folders.len() as u32,
            zip,
        });
        Ok(())
    }

    pub(super) async fn remove(&mut self, folder: &str) -> Result<(), Missing> {
        let folder = run_folder(folder)?;
        let disk = self.evaluations.disk().await;
        disk.remove_folder(&folder).await.map_err(|error| {
            format!(
                "{} cannot be removed ({error}). Is it being evaluated in another tab?",
                folder.display()
            )
        })?;
        self.tell_runs().await
    }
}

/// What computed, and in which number format.
pub(super) fn device(key: &RunKey) -> String {
    match key.backend.as_str() {
        "none" => "no model".to_owned(),
        backend => format!("{backend}, {}", key.dtype),
    }
}

/// A run as a page is told of it, and the run itself if it is whole and finished.
async fn told(disk: &RunDisk, folder: &Path) -> (RunInfo, Option<FinishedRun>) {
    let part = |at: usize| {
        let parts = folder.iter().nth(at);
        parts
            .map(|part| part.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut info = RunInfo {
        folder: folder.display().to_string(),
        task: part(1),
        who: part(2),
        count: 0,
        done: 0,
        shard: None,
        score: None,
        method: String::new(),
        invalid: 0.0,
        device: String::new(),
        problem: None,
    };
    match peek(disk, folder).await {
        Ok(Some(found)) => {
            (info.count, info.done) = (found.count as u32, found.done as u32);
            info.shard = found.shard.map(|shard| shard.to_string());
            info.device = device(&found.key);
            info.task = found.key.task;
        }
        Ok(None) => {}
        Err(error) => info.problem = Some(spoken(&error)),
    }
    if info.problem.is_some() || info.done < info.count || info.shard.is_some() {
        return (info, None);
    }
    // All answers may be there, and the scores not yet.
    let Ok(run) = FinishedRun::read(disk, folder).await else {
        return (info, None);
    };
    if let Some(headline) = run.headline() {
        let interval = headline.interval;
        info.score = Some([interval.estimate, interval.low, interval.high]);
        info.method = headline.method;
        info.invalid = headline.invalid as f64 / headline.count.max(1) as f64;
    }
    (info, Some(run))
}

/// Models and their dense heads beside each other, and each beside what it must beat. Runs of other
/// questions have nothing to compare.
fn compared(finished: &ByWho) -> Vec<ComparedInfo> {
    let models: Vec<&String> = finished
        .keys()
        .filter(|who| !who.ends_with(SHUFFLED) && !WITHOUT.contains(&who.as_str()))
        .collect();
    let mut pairs = Vec::new();
    for (at, one) in models.iter().enumerate() {
        let others = models[at + 1..].iter().filter(|other| belong_together(one, other));
        pairs.extend(others.map(|other| [(*one).clone(), (*other).clone()]));
    }
    pairs.extend(models.iter().map(|one| [(*one).clone(), format!("{one}{SHUFFLED}")]));
    for control in WITHOUT {
        pairs.extend(models.iter().map(|one| [(*one).clone(), control.to_owned()]));
    }
    let mut rows = Vec::new();
    for names in pairs {
        if let [Some(one), Some(other)] = names.each_ref().map(|name| finished.get(name))
            && let Ok(found) = compare_runs(names.clone(), [one, other])
        {
            rows.extend(found.tasks.iter().map(|task| row(&names, task)));
        }
    }
    rows
}

/// Whether two who answer differ in one thing: in the model, or in what of it answers.
fn belong_together(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|who| (who.trim_end_matches(DENSE), who.ends_with(DENSE)));
    one.0 == other.0 || one.1 == other.1
}

fn row(names: &[String; 2], task: &TaskComparison) -> ComparedInfo {
    ComparedInfo {
        names: names.clone(),
        task: task.task.clone(),
        count: task.count as u32,
        pictures: task.pictures as u32,
        difference: [task.difference, task.interval95[0], task.interval95[1]],
        p: task.p_holm,
        flipped: task.flipped.len() as u32,
        same: task.same_answer,
    }
}
