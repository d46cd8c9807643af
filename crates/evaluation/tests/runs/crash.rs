//! Aborts at every step of the disk, power cuts, torn ends.

use std::io::ErrorKind;
use std::path::Path;

use pollster::FutureExt as _;
use sightline_evaluation::run::error::RunError;
use sightline_evaluation::run::merge;
use sightline_evaluation::run::{Machine, Shard};

use crate::disturbed::{CRASHES, Crash, Memory};
use crate::fake::{Fake, Sums, files, run};

const COUNT: usize = 11;
const BATCH: usize = 3;

fn folder() -> &'static Path {
    Path::new("run")
}

fn go(disk: &Memory) -> Result<usize, RunError> {
    let mut fake = Fake::default();
    run(disk, folder(), COUNT, BATCH, None, &mut fake)?;
    Ok(fake.asked)
}

/// An undisturbed run and its number of steps.
fn undisturbed() -> (Memory, usize) {
    let disk = Memory::default();
    assert_eq!(go(&disk).expect("a run"), COUNT);
    let steps = disk.steps();
    (disk, steps)
}

fn assert_whole(disk: &Memory, reference: &Memory, what: &str) {
    assert_eq!(files(disk, folder()), files(reference, folder()), "{what}");
    assert!(
        disk.names().iter().all(|name| name.extension() != Some("tmp".as_ref())),
        "{what}"
    );
}

#[test]
fn abort_at_every_step() {
    let (reference, steps) = undisturbed();
    let mut aborted = 0;
    for crash in CRASHES {
        for at in 0..steps {
            let disk = Memory::default();
            disk.fail_at(at, ErrorKind::Other);
            go(&disk).expect_err("a failed step ends the run");
            disk.crash(crash, at as u64);
            go(&disk).unwrap_or_else(|error| panic!("{crash:?} at {at}: {error}"));
            disk.crash(Crash::Power, 0);
            assert_whole(&disk, &reference, &format!("{crash:?} at {at}"));
            aborted += 1;
        }
    }
    assert!(aborted >= 5 * 40, "{aborted}");
}

#[test]
fn abort_again_and_again() {
    let (reference, steps) = undisturbed();
    for crash in CRASHES {
        for first in 0..steps {
            for second in (first % 5..steps).step_by(5) {
                let disk = Memory::default();
                for (turn, at) in [first, second, (first + second) % steps].into_iter().enumerate() {
                    disk.fail_at(at, ErrorKind::Other);
                    // What is done already takes no steps, so a late abort may not come to pass.
                    let _ = go(&disk);
                    disk.crash(crash, (turn * steps + at) as u64);
                }
                go(&disk).unwrap_or_else(|error| panic!("{crash:?} at {first}, {second}: {error}"));
                assert_whole(&disk, &reference, &format!("{crash:?} at {first}, {second}"));
            }
        }
    }
}

#[test]
fn disk_full_once_at_every_step() {
    let (reference, steps) = undisturbed();
    for at in 0..steps {
        let disk = Memory::default();
        disk.once.set(true);
        disk.fail_at(at, ErrorKind::StorageFull);
        let mut fake = Fake::default();
        let failed = run(&disk, folder(), COUNT, BATCH, None, &mut fake).map(|_| ());
        let error = failed.expect_err("a failed step ends the run").to_string();
        if (1..COUNT).contains(&fake.asked) {
            // The batch that did not reach the disk is not left to be taken for one that did.
            let left = disk_bytes(&disk);
            assert!(left.is_empty() || left.ends_with(b"\n"), "step {at}");
            assert!(left.split(|&byte| byte == b'\n').count() - 1 < fake.asked, "step {at}");
        }
        assert!(error.contains("the disk is full; finished batches are kept"), "{error}");
        assert!(!error.contains('\n'), "{error}");
        // No crash: the next process sees what this one left.
        go(&disk).expect("a run");
        disk.crash(Crash::Power, 0);
        assert_whole(&disk, &reference, &format!("step {at}"));
    }
}

#[test]
fn synced_batches_are_not_done_again() {
    let (_, steps) = undisturbed();
    let mut fewest = COUNT;
    for at in 0..steps {
        let disk = Memory::default();
        disk.fail_at(at, ErrorKind::Other);
        let mut fake = Fake::default();
        run(&disk, folder(), COUNT, BATCH, None, &mut fake).expect_err("a failed step");
        disk.crash(Crash::Power, 0);
        let again = go(&disk).expect("a run");
        // At most the one batch that was not synced.
        assert!(
            fake.asked + again <= COUNT + BATCH,
            "step {at}: {} and {again}",
            fake.asked
        );
        fewest = fewest.min(again);
    }
    assert_eq!(fewest, 0);
}

#[test]
fn every_truncation_of_the_last_records() {
    let (reference, _) = undisturbed();
    let path = folder().join("samples.jsonl");
    let whole = disk_bytes(&reference);
    let ends: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] == b'\n').collect();
    let from = ends[ends.len() - 4] + 1;
    for length in from..whole.len() {
        for derived in [true, false] {
            let disk = if derived { reference.clone() } else { Memory::default() };
            let key = files(&reference, folder()).remove(0).1;
            disk.set(&folder().join("key.json"), key.as_bytes());
            disk.set(&path, &whole[..length]);
            go(&disk).unwrap_or_else(|error| panic!("{length} bytes: {error}"));
            assert_whole(&disk, &reference, &format!("{length} bytes"));
        }
    }
}

#[test]
fn zeros_in_the_last_batch_are_torn() {
    let (reference, _) = undisturbed();
    let path = folder().join("samples.jsonl");
    let whole = disk_bytes(&reference);
    let ends: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] == b'\n').collect();
    let last = ends[COUNT - 1 - COUNT % BATCH] + 1;
    for at in 0..whole.len() - 1 {
        let disk = reference.clone();
        let mut bytes = whole.clone();
        bytes[at] = 0;
        disk.set(&path, &bytes);
        if at < last {
            // An earlier batch was synced before this one was begun.
            let error = go(&disk).map(|_| ()).expect_err("damage");
            assert!(matches!(error, RunError::Damaged { .. }), "byte {at}: {error}");
        } else {
            assert_eq!(go(&disk).expect("a run"), COUNT % BATCH, "byte {at}");
            assert_whole(&disk, &reference, &format!("byte {at}"));
        }
    }
}

#[test]
fn a_batch_in_memory_is_synced_before_it_counts() {
    let straight = |disk: &Memory| {
        let mut fake = Fake {
            backwards: false,
            ..Fake::default()
        };
        run(disk, folder(), COUNT, BATCH, None, &mut fake).map(|_| fake.asked)
    };
    let reference = Memory::default();
    straight(&reference).expect("a run");
    for at in 0..reference.steps() {
        let disk = Memory::default();
        disk.fail_at(at, ErrorKind::Other);
        straight(&disk).expect_err("a failed step");
        // The process died, the next one finished, then the power went.
        disk.crash(Crash::Process, 0);
        straight(&disk).expect("a run");
        disk.crash(Crash::Power, 0);
        assert_whole(&disk, &reference, &format!("step {at}"));
    }
}

#[test]
fn temporary_files_of_a_dead_process_are_removed() {
    let (reference, _) = undisturbed();
    let disk = reference.clone();
    for name in ["samples.jsonl.tmp", "key.json.tmp"] {
        disk.set(&folder().join(name), b"half");
    }
    go(&disk).expect("a run");
    assert_whole(&disk, &reference, "left-overs");
}

#[test]
fn damage_is_an_error() {
    let (reference, _) = undisturbed();
    let path = folder().join("samples.jsonl");
    let whole = disk_bytes(&reference);
    for at in 0..whole.len() - 1 {
        let disk = reference.clone();
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        disk.set(&path, &bytes);
        let error = go(&disk).map(|_| ()).expect_err("damage");
        assert!(matches!(error, RunError::Damaged { .. }), "byte {at}: {error}");
        assert_eq!(disk_bytes(&disk), bytes, "damage is left as it is");
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    for (name, order) in [
        ("swapped", vec![1, 0, 2]),
        ("twice", vec![0, 1, 2, 0, 1, 2]),
        ("lost", vec![0, 2, 3]),
    ] {
        let disk = reference.clone();
        disk.set(
            &path,
            &order.iter().flat_map(|&line| lines[line].to_vec()).collect::<Vec<u8>>(),
        );
        let error = go(&disk).map(|_| ()).expect_err(name);
        assert!(matches!(error, RunError::Damaged { .. }), "{name}: {error}");
    }
    let key = folder().join("key.json");
    let disk = reference.clone();
    disk.remove_key(&key);
    assert!(
        go(&disk)
            .map(|_| ())
            .expect_err("no key")
            .to_string()
            .contains("without a key.json")
    );
}

#[test]
fn merge_aborted_at_every_step() {
    let (reference, _) = undisturbed();
    let shards = Memory::default();
    let folders: Vec<_> = (0..3)
        .map(|index| Path::new("shards").join(index.to_string()))
        .collect();
    for (index, folder) in folders.iter().enumerate() {
        let shard = Shard::new(index, 3).expect("a shard");
        run(&shards, folder, COUNT, BATCH, Some(shard), &mut Fake::default()).expect("a shard");
    }
    let go = |disk: &Memory| merge(disk, &folders, folder(), &Sums, &Machine::default(), &[]).block_on();
    let steps = whole_steps(&shards, &go);
    for crash in CRASHES {
        for at in 0..steps {
            let disk = shards.clone();
            disk.fail_at(at, ErrorKind::Other);
            go(&disk).expect_err("a failed step");
            disk.crash(crash, at as u64);
            go(&disk).unwrap_or_else(|error| panic!("{crash:?} at {at}: {error}"));
            assert_whole(&disk, &reference, &format!("{crash:?} at {at}"));
        }
    }
}

fn whole_steps<T>(disk: &Memory, go: &impl Fn(&Memory) -> Result<T, RunError>) -> usize {
    let disk = disk.clone();
    go(&disk).map(|_| ()).expect("a merge");
    disk.steps()
}

fn disk_bytes(disk: &Memory) -> Vec<u8> {
    use sightline_evaluation::run::disk::Disk;
    let path = folder().join("samples.jsonl");
    disk.read(&path).block_on().expect("readable").expect("there")
}

impl Memory {
    fn remove_key(&self, path: &Path) {
        use sightline_evaluation::run::disk::Disk;
        self.remove(path).block_on().expect("removable");
    }
}
