//! Runs of this browser beside those of another device.

use std::path::Path;

use js_sys::Uint8Array;
use sightline_evaluation::FinishedRun;
use sightline_evaluation::agreement::Agreement;
use sightline_evaluation::opened::{self, Named, OpenedRun};
use sightline_messages::{AgreementInfo, EvaluateEvent};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::kept::device;
use super::run_folder;
use crate::engine::browser::message;
use crate::engine::download::Missing;
use crate::engine::state::State;

/// Largest file that is read, bytes.
const MAX_BYTES: f64 = (512u64 << 20) as f64;
/// Most questions with another answer that a page is told of.
const TOLD: usize = 200;

impl State {
    /// Holds the runs in files beside those of this browser.
    pub(super) async fn agree(
        &mut self,
        folder: Option<String>,
        paths: Vec<String>,
        files: Vec<File>,
    ) -> Result<(), Missing> {
        let theirs = opened::runs(wanted(paths, &files).await?)?;
        let (mut runs, mut alone) = (Vec::new(), Vec::new());
        match folder {
            Some(folder) => {
                let ours = FinishedRun::read(&self.evaluations.disk().await, &run_folder(&folder)?).await?;
                let theirs = chosen(&ours, theirs)?;
                runs.push(told(&ours, &theirs));
            }
            None => {
                let finished = self.finished().await?;
                let ours = || finished.values().flat_map(|runs| runs.values());
                for run in &theirs {
                    match run.counterpart(ours()) {
                        Some(ours) => runs.push(told(ours, run)),
                        None => alone.push(name(run)),
                    }
                }
            }
        }
        if runs.is_empty() {
            return Err(match alone.as_slice() {
                [one] if one.is_empty() => {
                    "Answers alone do not say whose they are. Choose the run to compare them with, or open the folder \
                     of their run."
                        .to_owned()
                }
                _ => format!(
                    "This browser has no finished run of {}. Evaluate it here, or choose the run to compare.",
                    alone.join(" and ")
                ),
            }
            .into());
        }
        runs.sort_by(|a, b| (&a.task, &a.who).cmp(&(&b.task, &b.who)));
        self.tell(EvaluateEvent::Agreed { runs, alone });
        Ok(())
    }
}

/// The one run of the others that belongs beside ours: a choice of the visitor allows for other
/// names, other weights, and answers without a key.
fn chosen(ours: &FinishedRun, mut theirs: Vec<OpenedRun>) -> Result<OpenedRun, Missing> {
    if theirs.len() > 1 {
        theirs.retain(|run| run.counterpart([ours]).is_some());
    }
    let (task, who) = (&ours.key.task, ours.name());
    let found = match theirs.as_slice() {
        [one] => one,
        [] => return Err(format!("None of these runs is that of {task} by {who}. Open that one alone.").into()),
        _ => return Err(format!("Several of these runs are of {task} by {who}. Open one of them alone.").into()),
    };
    let common = Agreement::of(ours.records.iter().zip(&ours.groups), &found.records);
    match common.count + common.other_pictures {
        0 => Err(format!("The two runs have no question in common. Open a run of the task {task}.").into()),
        _ => Ok(theirs.swap_remove(0)),
    }
}

/// The files that are needed, with their bytes. A file that is the only one may have any name.
async fn wanted(paths: Vec<String>, files: &[File]) -> Result<Vec<Named>, Missing> {
    let alone = files.len() == 1;
    let mut found = Vec::new();
    for (path, file) in paths.into_iter().zip(files) {
        if alone || opened::is_wanted(&path) {
            found.push((path, bytes(file).await?));
        }
    }
    Ok(found)
}

async fn bytes(file: &File) -> Result<Vec<u8>, Missing> {
    let name = file.name();
    if file.size() > MAX_BYTES {
        return Err(format!("{name} is larger than 512 MB, which no run is. Open the folder of a run.").into());
    }
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|error| format!("{name} cannot be read ({}). Open it once more.", message(&error)))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// A run that was opened, in words; empty where it does not say.
fn name(run: &OpenedRun) -> String {
    match &run.key {
        Some(key) => format!("{} by {}", key.task, run.who()),
        None => run.folder.join(Path::new("")).display().to_string(),
    }
}

fn told(ours: &FinishedRun, theirs: &OpenedRun) -> AgreementInfo {
    let found = Agreement::of(ours.records.iter().zip(&ours.groups), &theirs.records);
    let settings = match &theirs.key {
        Some(key) => ours.key.differences(key),
        None => Vec::new(),
    };
    AgreementInfo {
        task: ours.key.task.clone(),
        who: ours.name(),
        devices: [Some(device(&ours.key)), theirs.key.as_ref().map(device)],
        count: found.count as u32,
        equal: found.equal as u32,
        share: found.share,
        probability: found.probability.map(f64::from),
        alone: found.alone as u32,
        theirs_alone: found.theirs_alone as u32,
        other_pictures: found.other_pictures as u32,
        settings: settings
            .into_iter()
            .map(|one| [one.field, one.here, one.there])
            .collect(),
        different: found
            .different
            .into_iter()
            .take(TOLD)
            .map(|other| (other.id, other.answers))
            .collect(),
    }
}
