//! Real processes, really killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sightline_eval::stats::split_mix;
use sightline_evaluation::native::FileSystem;
use sightline_evaluation::run::error::RunError;

use crate::fake::{Fake, files, run};

const COUNT: usize = 60;
const BATCH: usize = 2;
/// Tells the program that it is the one to be killed, and where its run is.
const FOLDER: &str = "SIGHTLINE_TEST_RUN_FOLDER";

fn go(folder: &Path, pause: Duration) -> Result<(), RunError> {
    let mut fake = Fake {
        pause,
        ..Fake::default()
    };
    run(&FileSystem, folder, COUNT, BATCH, None, &mut fake).map(|_| ())
}

/// What the killed process does; as a test of its own it does nothing.
#[test]
fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        go(folder.as_ref(), Duration::from_millis(2)).expect("a run");
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "kill::child", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

/// Whether some answers are there, but no results yet.
fn is_midway(folder: &Path) -> bool {
    let samples = std::fs::metadata(folder.join("samples.jsonl")).map_or(0, |samples| samples.len());
    samples > 0 && !folder.join("results.json").exists()
}

#[test]
fn killed_at_random_points() {
    let parent = tempfile::tempdir().expect("a folder");
    let reference = parent.path().join("reference");
    go(&reference, Duration::ZERO).expect("a run");
    let expected = files(&FileSystem, &reference);
    let (mut kills, mut midway, mut runs, mut often, mut draws) = (0, 0, 0, 0, 0);
    while kills < 200 || midway < 100 || often < 3 {
        let folder = parent.path().join(format!("run{runs}"));
        let mut here = 0;
        // The child ends by itself at last: every process that lives long enough adds a batch.
        loop {
            let mut child = spawn(&folder);
            std::thread::sleep(Duration::from_micros(split_mix(9, draws) % 30_000));
            draws += 1;
            assert!(draws < 20_000, "{kills} kills in {runs} runs");
            if here >= 12 || child.try_wait().expect("a status").is_some() {
                assert!(child.wait().expect("a status").success());
                break;
            }
            child.kill().expect("killed");
            if !child.wait().expect("a status").success() {
                here += 1;
                midway += usize::from(is_midway(&folder));
            }
        }
        assert_eq!(files(&FileSystem, &folder), expected, "run {runs} after {here} kills");
        kills += here;
        often += usize::from(here >= 3);
        runs += 1;
    }
    println!(
        "{kills} kills ({midway} with some batches done, not all) in {runs} runs, {often} of them killed three times or more"
    );
}

#[test]
fn one_process_at_a_time() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("run");
    std::fs::create_dir(&folder).expect("a folder");
    let file = std::fs::File::create(folder.join("lock")).expect("a file");
    file.lock().expect("locked");
    assert!(matches!(go(&folder, Duration::ZERO), Err(RunError::Busy(_))));
    drop(file);
    go(&folder, Duration::ZERO).expect("the lock is free");
}
