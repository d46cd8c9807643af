//! A GPU that is lost in the middle of an evaluation: the run goes on, on the same GPU opened
//! again, from the last finished batch, to the same bytes.
//!
//! Without a GPU the tests show as ignored. `SIGHTLINE_REQUIRE=wgpu` turns absence into failure. A
//! device comes back once per process, so that the test of the blind control has its own.

#[path = "../../cli/tests/runs/bundle.rs"]
#[allow(dead_code, reason = "shared with the tests of the program")]
mod bundle;
#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the decoder")]
mod support;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use pollster::FutureExt as _;
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_eval::tasks::{self, Select};
use sightline_evaluation::run::disk::Memory;
use sightline_evaluation::run::{Machine, UNREADABLE};
use sightline_evaluation::{By, Control, Done, EvaluationError, Plan, Rows};
use sightline_kernels::Device;
use sightline_vlm::{FileSource, Files, Language, Lineup, VlmError};

const BATCH: usize = 2;
/// Number of answers after which the device is lost.
const LOST_AFTER: usize = 4;

/// Set in the process that runs the test of the blind control alone.
const BLIND: &str = "SIGHTLINE_TEST_LOST_BLIND";

fn main() {
    let arguments = Arguments::from_args();
    let only_blind = std::env::var_os(BLIND).is_some();
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let device = match arguments.list {
        true => Err("only listing".to_owned()),
        false => Device::wgpu(false)
            .block_on()
            .or_else(|_| Device::wgpu(true).block_on())
            .map_err(|error| error.to_string()),
    };
    let ignored = device.is_err() && !required.split(',').any(|item| item == "wgpu");
    let run = move || match only_blind {
        true => lost_blind(&device?),
        false => lost(&device?),
    };
    let mut trials = vec![Trial::test("wgpu::a_lost_device_is_replaced_once", run)];
    if !only_blind {
        trials.push(Trial::test("wgpu::the_blind_control_outlives_its_device", in_a_process));
    }
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(ignored));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Runs the test of the blind control.
fn in_a_process() -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?).env(BLIND, "1").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && text.contains("1 passed") {
        return Ok(());
    }
    Err(format!("{text}\n{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// The tiny bundle.
struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
    /// Number of devices that were opened in place of lost ones.
    opened: usize,
    /// Ids in the order in which they were put on a device.
    put: Vec<String>,
}

impl FileSource for Bundle {
    type Error = EvaluationError;

    async fn row(&mut self, id: &str) -> Result<Model, EvaluationError> {
        Ok(self.manifest.model(id).map_err(VlmError::from)?.clone())
    }

    async fn language(&mut self, id: &str, device: &Device) -> Result<Language, EvaluationError> {
        let row = self.manifest.language_model(id).map_err(VlmError::from)?;
        Ok(Language::load(device, &row.chat, &row.file, &support::file().bytes())?)
    }

    async fn files(&mut self, id: &str) -> Result<Files, EvaluationError> {
        Ok(Files::read(&self.folder.join("weights"), &self.manifest, id)?)
    }

    async fn another_device(&mut self, lost: &Device, error: &VlmError) -> Option<Device> {
        println!("{error}");
        let device = lost.reopen().await.inspect_err(|error| println!("{error}")).ok()?;
        self.opened += 1;
        Some(device)
    }

    fn loaded(&mut self, id: &str, _bytes: usize) {
        self.put.push(id.to_owned());
    }
}

fn lineup(folder: &Path, device: &Device) -> Result<Lineup<Bundle>, Failed> {
    let source = Bundle {
        folder: folder.to_owned(),
        manifest: sightline_vision::load_manifest(&folder.join("weights"))?,
        opened: 0,
        put: Vec::new(),
    };
    Ok(Lineup::new(device.clone(), source, Vec::new()))
}

/// A run of the tiny model, or of the blind control, which loses its device after so many answers.
fn run(
    lineup: &mut Lineup<Bundle>,
    disk: &Memory,
    control: Option<Control>,
    lost_after: Option<usize>,
) -> Result<Done, EvaluationError> {
    let folder = lineup.source().folder.clone();
    let manifest = lineup.source().manifest.clone();
    let loaded = tasks::load("vizwiz", &folder.join("data"), &Select::default())?;
    let plan = Plan {
        disk: disk.clone(),
        out: PathBuf::from("runs"),
        batch_size: BATCH,
        control,
        by: By::Language,
        shard: None,
        from_start: true,
    };
    let device = lineup.device().clone();
    let mut left = lost_after;
    let mut listener = |progress: &sightline_evaluation::run::Progress<'_>, _: &dyn sightline_eval::scorer::Scorer| {
        if left.is_some_and(|most| progress.done >= most) {
            device.lose();
            left = None;
        }
        ControlFlow::Continue(())
    };
    let language = manifest.language_model("tiny").map_err(VlmError::from)?;
    let machine = Machine::default();
    if control == Some(Control::Blind) {
        let row = manifest.blind("manifest.json").map_err(VlmError::from)?;
        let path = folder.join("weights").join(&row.files[0].path);
        let weights = std::fs::read(path).expect("the control's weights");
        let rows = Rows { row, language };
        return plan
            .blind(loaded, (lineup, &weights), rows, machine, &mut listener)
            .block_on();
    }
    let row = manifest.model("model").map_err(VlmError::from)?;
    let rows = Rows { row, language };
    plan.model(loaded, lineup, rows, machine, &mut listener).block_on()
}

/// The files that are the same on every machine.
fn files(disk: &Memory) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.files();
    files.retain(|path, _| path.file_name() != Some("run.json".as_ref()));
    files
}

fn lost(device: &Device) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    bundle::write(folder.path(), 1);
    let undisturbed = Memory::default();
    let mut whole = lineup(folder.path(), device)?;
    run(&mut whole, &undisturbed, None, None)?;
    drop(whole);
    // The first loss: everything is loaded again, and the run ends as if nothing had been.
    let disk = Memory::default();
    let mut models = lineup(folder.path(), device)?;
    let done = run(&mut models, &disk, None, Some(LOST_AFTER))?;
    assert_eq!((done.finished.count, done.finished.resumed), (bundle::QUESTIONS, 0));
    assert_ne!(done.finished.exit_status(), UNREADABLE);
    assert_eq!(models.source().opened, 1);
    assert_eq!(models.source().put, ["tiny", "model", "tiny", "model"]);
    assert_eq!(files(&disk), files(&undisturbed));
    // The second one ends the run with the device's error, and what was answered stays.
    let disk = Memory::default();
    let error = run(&mut models, &disk, None, Some(LOST_AFTER)).expect_err("lost again");
    let error = error.to_string();
    assert!(
        error.contains("the model failed on the samples") && error.contains("the device failed"),
        "{error}"
    );
    assert!(error.contains("run the same command again"), "{error}");
    assert_eq!(models.source().opened, 1);
    let samples = &files(&disk)[Path::new("runs/vizwiz/model/samples.jsonl")];
    assert_eq!(samples.iter().filter(|byte| **byte == b'\n').count(), LOST_AFTER);
    Ok(())
}

fn lost_blind(device: &Device) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    bundle::write(folder.path(), 1);
    let blind = Some(Control::Blind);
    let undisturbed = Memory::default();
    run(&mut lineup(folder.path(), device)?, &undisturbed, blind, None)?;
    let disk = Memory::default();
    let mut models = lineup(folder.path(), device)?;
    let done = run(&mut models, &disk, blind, Some(LOST_AFTER))?;
    assert_eq!(done.finished.count, bundle::QUESTIONS);
    assert_eq!(models.source().put, ["tiny", "tiny"]);
    assert_eq!(files(&disk), files(&undisturbed));
    Ok(())
}
