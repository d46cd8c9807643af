//! What a folder accepts, and what comes out of it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use pollster::FutureExt as _;
use sightline_eval::scorer::{Outcome, Reason};
use sightline_evaluation::native::FileSystem;
use sightline_evaluation::run::disk::Disk;
use sightline_evaluation::run::error::RunError;
use sightline_evaluation::run::{Answered, Answerer, Item, Machine, Run, RunKey, Shard, merge, rescore};

use crate::disturbed::Memory;
use crate::fake::{Fake, Sums, UNREADABLE, files, items, key, run};

fn folder() -> &'static Path {
    Path::new("run")
}

fn shard(index: usize, count: usize) -> Option<Shard> {
    Some(Shard::new(index, count).expect("a shard"))
}

#[test]
fn unreadable_picture_is_wrong_and_named() {
    let disk = Memory::default();
    let finished = run(&disk, folder(), 11, 3, None, &mut Fake::default()).expect("a run");
    assert_eq!(finished.exit_status(), sightline_evaluation::run::UNREADABLE);
    assert_eq!(finished.unreadable[0].0, format!("q{UNREADABLE}"));
    let report = finished.report.expect("scores");
    assert_eq!(report.samples[UNREADABLE].1.valid, Some(false));
    assert_eq!(report.samples[UNREADABLE].1.score, 0.0);
    assert_eq!(
        run(&disk, folder(), 11, 3, None, &mut Fake::default())
            .expect("again")
            .resumed,
        11
    );
    assert_eq!(
        run(&Memory::default(), folder(), 3, 3, None, &mut Fake::default())
            .expect("a run")
            .exit_status(),
        0
    );
}

/// Does the first so many of eleven questions.
fn first(disk: &impl Disk, limit: Option<usize>, answerer: &mut impl Answerer) -> Result<(usize, usize), RunError> {
    let items = items(11);
    let key = key(&items, 3);
    let run = Run {
        folder: folder(),
        disk,
        key: &key,
        items: &items,
        shard: None,
        limit,
        machine: &Machine::default(),
        beside: &[],
    };
    let finished = run
        .execute(answerer, &Sums, &mut |_| ControlFlow::Continue(()))
        .block_on()?;
    Ok((finished.count, finished.resumed))
}

/// A run of a few questions goes on to more and to all, and ends as one that did all at once;
/// batches that were short are done again.
#[test]
fn a_few_questions_go_on_to_all() {
    let (whole, grown) = (Memory::default(), Memory::default());
    let straight = || Fake {
        backwards: false,
        ..Fake::default()
    };
    first(&whole, None, &mut straight()).expect("a run");
    assert_eq!(first(&grown, Some(4), &mut straight()).expect("four"), (4, 0));
    assert_eq!(first(&grown, Some(4), &mut straight()).expect("again"), (4, 4));
    assert_eq!(first(&grown, Some(8), &mut straight()).expect("eight"), (8, 3));
    let error = first(&grown, Some(4), &mut straight()).expect_err("fewer");
    assert!(error.to_string().contains("limit is 8 there and 4 here"), "{error}");
    assert_eq!(first(&grown, None, &mut straight()).expect("all"), (11, 6));
    assert_eq!(files(&whole, folder()), files(&grown, folder()));
    assert_eq!(
        first(&grown, Some(20), &mut straight()).expect("more than all"),
        (11, 11)
    );
}

#[test]
fn order_of_batches_leaves_no_trace() {
    let (one, other) = (Memory::default(), Memory::default());
    let mut straight = Fake {
        backwards: false,
        ..Fake::default()
    };
    run(&one, folder(), 11, 2, None, &mut straight).expect("a run");
    run(&other, folder(), 11, 2, None, &mut Fake::default()).expect("a run");
    assert_eq!(files(&one, folder()), files(&other, folder()));
}

#[test]
fn every_difference_is_named() {
    let disk = Memory::default();
    run(&disk, folder(), 5, 2, None, &mut Fake::default()).expect("a run");
    type Change = fn(&mut RunKey);
    let changes: [(&str, Change); 13] = [
        ("model.head is \"aa\" there and \"bb\" here", |key| {
            key.model.insert("head".to_owned(), "bb".to_owned());
        }),
        ("model.more is missing there", |key| {
            key.model.insert("more".to_owned(), "1".to_owned());
        }),
        ("transform", |key| key.transform.push('x')),
        ("task is", |key| key.task.push('x')),
        ("task_version", |key| key.task_version.push('x')),
        ("prompt", |key| key.prompt.push('x')),
        ("generation.temperature", |key| {
            key.generation.insert("temperature".to_owned(), "1".to_owned());
        }),
        ("scoring", |key| key.scoring.push('x')),
        ("dtype", |key| key.dtype.push('x')),
        ("backend", |key| key.backend.push('x')),
        ("kernels", |key| key.kernels.push('x')),
        ("batch_size is 2 there and 3 here", |key| key.batch_size = 3),
        ("questions is \"77\" there and missing here", |key| key.questions = None),
    ];
    let items = items(5);
    let machine = Machine::default();
    for (words, change) in changes {
        let mut key = key(&items, 2);
        change(&mut key);
        let run = Run {
            folder: folder(),
            disk: &disk,
            key: &key,
            items: &items,
            shard: None,
            limit: None,
            machine: &machine,
            beside: &[],
        };
        let error = run
            .execute(&mut Fake::default(), &Sums, &mut |_| ControlFlow::Continue(()))
            .block_on()
            .map(|_| ())
            .expect_err(words);
        let RunError::Other { differences, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(differences.len(), 1, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let more = run(&disk, folder(), 6, 2, None, &mut Fake::default())
        .map(|_| ())
        .expect_err("more items");
    assert!(more.to_string().contains("items.count is 5 there and 6 here"), "{more}");
    let part = run(&disk, folder(), 5, 2, shard(0, 2), &mut Fake::default())
        .map(|_| ())
        .expect_err("a shard");
    assert!(
        part.to_string().contains("shard is the whole run there and 0/2 here"),
        "{part}"
    );
}

fn shards(disk: &Memory, of: usize, count: usize) -> Vec<PathBuf> {
    let go = |index| {
        let folder = Path::new("shards").join(format!("{index}-{of}-{count}"));
        let done = run(disk, &folder, count, 2, shard(index, of), &mut Fake::default()).expect("a shard");
        assert!(done.report.is_none());
        folder
    };
    (0..of).map(go).collect()
}

fn join(disk: &Memory, shards: &[PathBuf], into: &str) -> Result<(), RunError> {
    merge(disk, shards, Path::new(into), &Sums, &Machine::default(), &[])
        .block_on()
        .map(|_| ())
}

#[test]
fn shards_give_the_bytes_of_one_process() {
    for count in [1, 2, 11, 16] {
        let disk = Memory::default();
        run(&disk, folder(), count, 2, None, &mut Fake::default()).expect("a run");
        for of in 1..7 {
            let into = format!("merged{of}");
            let mut shards = shards(&disk, of, count);
            shards.reverse();
            join(&disk, &shards, &into).expect("a merge");
            join(&disk, &shards, &into).expect("once more");
            assert_eq!(files(&disk, into.as_ref()), files(&disk, folder()), "{count} in {of}");
        }
    }
}

#[test]
fn merge_refuses() {
    let disk = Memory::default();
    let three = shards(&disk, 3, 11);
    let two = shards(&disk, 2, 11);
    let other = shards(&disk, 3, 12);
    run(&disk, folder(), 11, 2, None, &mut Fake::default()).expect("a run");
    let pick = |folders: &[&PathBuf]| folders.iter().map(|&folder| folder.clone()).collect::<Vec<_>>();
    let refused = |shards: Vec<PathBuf>, words: &str| {
        let error = join(&disk, &shards, "merged").expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(Vec::new(), "no shards");
    refused(pick(&[&three[0], &three[2]]), "missing shards: 1/3");
    refused(pick(&[&three[0], &three[1], &three[1]]), "given twice");
    refused(pick(&[&three[0], &two[1]]), "another split");
    refused(pick(&[&three[0], &three[1], &other[2]]), "items.count");
    refused(vec![folder().to_owned()], "a whole run");
    refused(vec![PathBuf::from("nowhere")], "no run");
    let samples = three[1].join("samples.jsonl");
    let bytes = disk.read(&samples).block_on().expect("readable").expect("there");
    disk.set(&samples, &bytes[..bytes.len() / 2]);
    refused(three.clone(), "is not finished");
    disk.set(
        &samples,
        &disk
            .read(&three[0].join("samples.jsonl"))
            .block_on()
            .expect("readable")
            .expect("there"),
    );
    refused(three, "another shard");
    assert!(
        disk.names().iter().all(|name| !name.starts_with("merged")),
        "nothing is written"
    );
}

#[test]
fn scores_are_derived() {
    let disk = Memory::default();
    run(&disk, folder(), 11, 3, None, &mut Fake::default()).expect("a run");
    let expected = files(&disk, folder());
    for name in ["results.json", "table.md", "table.csv"] {
        disk.set(&folder().join(name), b"old");
    }
    rescore(&disk, folder(), &Sums).block_on().expect("scores");
    assert_eq!(files(&disk, folder()), expected);
    let samples = folder().join("samples.jsonl");
    let bytes = disk.read(&samples).block_on().expect("readable").expect("there");
    disk.set(&samples, &bytes[..bytes.len() - 1]);
    let error = rescore(&disk, folder(), &Sums)
        .block_on()
        .map(|_| ())
        .expect_err("unfinished")
        .to_string();
    assert!(error.contains("not finished (3 of 4 batches)"), "{error}");
    assert!(rescore(&disk, Path::new("nowhere"), &Sums).block_on().is_err());
}

/// A model that fails, or says what cannot be kept.
struct Wrong(Model);

type Model = fn(&[Item]) -> Result<Vec<Answered>, Reason>;

impl Answerer for Wrong {
    async fn answer(&mut self, _first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        (self.0)(batch)
    }
}

#[test]
fn wrong_models() {
    fn answered(image: Option<&str>, outcome: Outcome) -> Answered {
        Answered {
            image: image.map(str::to_owned),
            outcome,
            margin: None,
        }
    }
    let wrong: [(&str, Model); 4] = [
        ("out of memory", |_| Err("out of memory".into())),
        ("0 answers to 1 questions", |_| Ok(Vec::new())),
        ("not finite", |_| {
            Ok(vec![answered(None, Outcome::Probabilities(vec![f32::NAN]))])
        }),
        ("not the one that the task fixes", |_| {
            Ok(vec![answered(Some("aa"), Outcome::Text(String::new()))])
        }),
    ];
    for (words, model) in wrong {
        let disk = Memory::default();
        let error = run(&disk, folder(), 3, 1, None, &mut Wrong(model))
            .map(|_| ())
            .expect_err(words)
            .to_string();
        assert!(error.contains(words), "{error}");
        let history = disk
            .read(&folder().join("run.json"))
            .block_on()
            .expect("readable")
            .expect("there");
        assert!(String::from_utf8_lossy(&history).contains("failed: "));
        run(&disk, folder(), 3, 1, None, &mut Fake::default()).expect("it goes on");
    }
}

#[test]
fn folder_that_cannot_be_made() {
    let parent = tempfile::tempdir().expect("a folder");
    let file = parent.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let error = run(&FileSystem, &file.join("run"), 3, 1, None, &mut Fake::default());
    let error = error.map(|_| ()).expect_err("a file is no folder").to_string();
    assert!(
        error.starts_with("cannot create the folder") && !error.contains('\n'),
        "{error}"
    );
    let deep = parent.path().join("a/b/c");
    run(&FileSystem, &deep, 3, 1, None, &mut Fake::default()).expect("a run");
}
