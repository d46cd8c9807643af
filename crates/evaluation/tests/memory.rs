//! A whole evaluation without a file system, as in a browser: the benchmark's files and the run's
//! lie in memory, and who answers lets others run before every answer.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pollster::FutureExt as _;
use serde_json::{Value, json};
use sightline_checkpoint::hash::sha256_hex;
use sightline_eval::scorer::{Outcome, Reason, Scorer};
use sightline_eval::sources::data::MemoryFiles;
use sightline_eval::tasks::{self, DataPath, Image, Loaded, Select};
use sightline_evaluation::comparison::compare_runs;
use sightline_evaluation::report::{Column, Wanted, build};
use sightline_evaluation::run::disk::Memory;
use sightline_evaluation::run::error::RunError;
use sightline_evaluation::run::{
    Answered, Answerer, Finished, Item, Items, Machine, Progress, RunKey, merge, peek, questions_sha256, rescore,
};
use sightline_evaluation::run::{Shard, records};
use sightline_evaluation::{By, EvaluationError, FinishedRun, Plan, Unanswered, by_task, questions};

const COUNT: usize = 11;
const BATCH: usize = 2;
/// The question whose picture is no picture.
const BROKEN: usize = 4;

/// A small picture, another one for every number.
fn png(number: u8) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(4, 3, image::Rgb([number, 7, 9]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

/// VizWiz's validation split in its official layout, with a few questions.
fn data() -> DataPath {
    let mut files = MemoryFiles::default();
    let name = |at: usize| format!("VizWiz_val_{at:08}.jpg");
    let items: Vec<Value> = (0..COUNT)
        .map(|at| {
            let answers = vec![json!({ "answer": format!("word {}", at % 3), "answer_confidence": "yes" }); 10];
            json!({
                "image": name(at), "question": format!("What is {at}?"), "answers": answers,
                "answer_type": "other", "answerable": 1,
            })
        })
        .collect();
    files.add("vizwiz/val.json", json!(items).to_string().into_bytes());
    for at in 0..COUNT {
        let bytes = if at == BROKEN {
            b"no picture".to_vec()
        } else {
            png(at as u8)
        };
        files.add(format!("vizwiz/val/{}", name(at)), bytes);
    }
    DataPath::new(Arc::new(files), "")
}

fn loaded() -> Loaded {
    tasks::load("vizwiz", data(), &Select::default()).expect("a task")
}

/// Looks at the picture, and says one of three words for it.
struct Looking<'a> {
    loaded: &'a Loaded,
    /// Number of questions that it answered.
    asked: &'a Cell<usize>,
    /// After so many it fails; none for never.
    fails_after: Option<usize>,
}

impl Answerer for Looking<'_> {
    async fn answer(&mut self, first: usize, batch: &[Item]) -> Result<Vec<Answered>, Reason> {
        once_later().await;
        if self.fails_after.is_some_and(|most| self.asked.get() >= most) {
            return Err("the device is lost".into());
        }
        self.asked.set(self.asked.get() + batch.len());
        let answer = |at: usize| {
            let question = &self.loaded.questions[first + at];
            let bytes = question.image.bytes()?;
            let outcome = match image::load_from_memory(&bytes) {
                Ok(picture) => Outcome::Text(format!("word {}", picture.to_rgb8().get_pixel(0, 0)[0] % 2)),
                Err(_) => Outcome::Unreadable("no picture".to_owned()),
            };
            Ok(Answered {
                image: Some(sha256_hex(&bytes)),
                outcome,
                margin: Some(0.5),
            })
        };
        (0..batch.len()).map(answer).collect()
    }
}

/// Is ready when it is asked for the second time.
async fn once_later() {
    let mut asked = false;
    poll_fn(|context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn plan(disk: &Memory, shard: Option<Shard>) -> Plan<Memory> {
    Plan {
        disk: disk.clone(),
        out: PathBuf::from("runs"),
        batch_size: BATCH,
        control: None,
        by: By::Language,
        shard,
        from_start: true,
    }
}

fn key(loaded: &Loaded, items: &[Item]) -> RunKey {
    let none = || "none".to_owned();
    RunKey {
        model: BTreeMap::from([("looking".to_owned(), "1".to_owned())]),
        transform: none(),
        task: loaded.id.clone(),
        task_version: loaded.version.clone(),
        prompt: none(),
        generation: BTreeMap::new(),
        scoring: none(),
        dtype: none(),
        backend: none(),
        kernels: none(),
        batch_size: BATCH,
        items: Items::of(items).expect("ids differ"),
        order: loaded.order.clone(),
        questions: Some(questions_sha256(loaded)),
    }
}

/// Does what is left of the run; counts what is asked.
async fn go(
    disk: &Memory,
    shard: Option<Shard>,
    asked: &Cell<usize>,
    fails_after: Option<usize>,
) -> Result<Finished, EvaluationError> {
    let loaded = loaded();
    let item = |question: &tasks::Question| Item {
        id: question.id.clone(),
        image_sha256: question.image_sha256.clone(),
    };
    let items: Vec<Item> = loaded.questions.iter().map(item).collect();
    let mut answerer = Looking {
        loaded: &loaded,
        asked,
        fails_after,
    };
    let plan = plan(disk, shard);
    let folder = plan.folder(&loaded, "looking");
    plan.run(
        &folder,
        &loaded,
        (&key(&loaded, &items), &items),
        &Machine::default(),
        &mut answerer,
        &mut |_, _| ControlFlow::Continue(()),
    )
    .await
}

/// The files of a run that are the same on every machine.
fn files(disk: &Memory) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.files();
    files.retain(|path, _| path.file_name() != Some("run.json".as_ref()) && !path.starts_with("shards"));
    files
}

/// An evaluation that nothing disturbed.
fn undisturbed() -> Memory {
    let disk = Memory::default();
    let asked = Cell::new(0);
    let finished = go(&disk, None, &asked, None).block_on().expect("a run");
    assert_eq!((finished.count, finished.resumed, asked.get()), (COUNT, 0, COUNT));
    assert_eq!(finished.unreadable.len(), 1);
    let names: Vec<String> = disk
        .files()
        .keys()
        .map(|path| path.display().to_string().replace("runs/vizwiz/looking/", ""))
        .collect();
    assert_eq!(
        names,
        [
            "key.json",
            "questions.jsonl",
            "results.json",
            "run.json",
            "samples.jsonl",
            "scores.jsonl",
            "table.csv",
            "table.md",
            "task.json",
        ]
    );
    disk
}

#[test]
fn a_failed_run_goes_on_to_the_same_bytes() {
    let reference = undisturbed();
    for most in (0..COUNT).step_by(BATCH) {
        let disk = Memory::default();
        let asked = Cell::new(0);
        let error = go(&disk, None, &asked, Some(most))
            .block_on()
            .expect_err("a lost device");
        assert!(error.to_string().contains("the device is lost"), "{error}");
        assert_eq!(asked.get(), most);
        let finished = go(&disk, None, &asked, None).block_on().expect("a run");
        assert_eq!((finished.count, finished.resumed, asked.get()), (COUNT, most, COUNT));
        assert_eq!(files(&disk), files(&reference), "after {most}");
    }
}

/// A tab that is closed drops the run where it waits.
#[test]
fn a_dropped_run_goes_on_to_the_same_bytes() {
    let reference = undisturbed();
    let mut dropped = 0;
    for turns in 1..=COUNT {
        let disk = Memory::default();
        let asked = Cell::new(0);
        {
            let mut run = pin!(go(&disk, None, &asked, None));
            let mut context = Context::from_waker(Waker::noop());
            let ended = (0..turns).any(|_| run.as_mut().poll(&mut context).is_ready());
            dropped += usize::from(!ended);
            // Nobody else works in the folder meanwhile.
            if !ended {
                let busy = go(&disk, None, &Cell::new(0), None).block_on().expect_err("a lock");
                assert!(busy.to_string().contains("in use by another process"), "{busy}");
            }
        }
        let before = asked.get();
        let finished = go(&disk, None, &asked, None).block_on().expect("a run");
        assert_eq!((finished.resumed, asked.get()), (before, COUNT), "{turns} turns");
        assert_eq!(files(&disk), files(&reference), "{turns} turns");
    }
    assert!(dropped >= COUNT.div_ceil(BATCH), "{dropped}");
}

#[test]
fn shards_make_the_same_run() {
    let reference = undisturbed();
    let disk = Memory::default();
    let folders: Vec<PathBuf> = (0..2)
        .map(|index| {
            let shard = Shard::new(index, 2).expect("a shard");
            go(&disk, Some(shard), &Cell::new(0), None).block_on().expect("a shard");
            Path::new("runs/vizwiz/looking").join(shard.folder())
        })
        .collect();
    let asked = questions::read(&disk, &folders[0]).block_on().expect("what was asked");
    let scorer = tasks::scorer(&asked).expect("a scorer");
    let (folder, machine) = (Path::new("runs/vizwiz/looking"), Machine::default());
    let beside = questions::files(&asked);
    let merged = merge(&disk, &folders, folder, scorer.as_ref(), &machine, &beside);
    assert_eq!(merged.block_on().expect("a merge").count, COUNT);
    let mut whole = files(&disk);
    whole.retain(|path, _| path.parent() == Some(folder));
    assert_eq!(whole, files(&reference));
}

/// A finished run is read back, scored again, compared and shown, all from memory.
#[test]
fn a_finished_run_is_read_back() {
    let disk = undisturbed();
    let folder = Path::new("runs/vizwiz/looking");
    let before = files(&disk);
    let scorer = questions::scorer(&disk, folder).block_on().expect("a scorer");
    rescore(&disk, folder, scorer.as_ref()).block_on().expect("scores");
    assert_eq!(files(&disk), before);
    let (_, found) = records(&disk, folder).block_on().expect("records");
    assert_eq!(found.len(), COUNT);
    let mut read = Vec::new();
    let runs = by_task(&disk, &[folder.to_owned()], &mut |path| read.push(path.to_owned()))
        .block_on()
        .expect("runs");
    assert_eq!(read, [folder]);
    let headline = runs["vizwiz"].headline().expect("a score");
    assert_eq!((headline.count, headline.invalid), (COUNT, 1));
    // Words 0 and 1 take turns where 0, 1 and 2 do; the picture of question 4 cannot be read.
    let right = (0..COUNT).filter(|at| at % 2 == at % 3 && *at != BROKEN).count();
    assert_eq!(headline.interval.estimate, right as f64 / COUNT as f64);
    let names = ["a", "b"].map(str::to_owned);
    let compared = compare_runs(names, [&runs, &runs]).expect("a comparison");
    assert!(compared.tasks[0].flipped.is_empty() && compared.tasks[0].difference == 0.0);
    let other: BTreeMap<String, FinishedRun> = BTreeMap::new();
    let nothing = compare_runs(["a", "b"].map(str::to_owned), [&runs, &other]).expect_err("nothing");
    assert_eq!(nothing.to_string(), "a and b have no task in common");
    let (data, columns) = (data(), [Column::new(runs, "none")]);
    let wanted = Wanted {
        title: "In memory",
        samples: COUNT,
        data: Some(&data),
    };
    let built = build(&columns, &wanted, &mut |_| {}).expect("a page");
    assert_eq!(built.page.runs, ["looking"]);
    assert!(built.pictures.is_empty(), "no picture is on a disk");
    let shown = built.page.samples.iter().filter(|sample| sample.picture.is_some());
    assert_eq!(shown.count(), COUNT - 1);
}

/// Whoever follows a run may end it after any batch.
#[test]
fn a_stopped_run_goes_on_to_the_same_bytes() {
    let whole = Memory::default();
    let run = |disk: &Memory, most: usize| {
        let mut listener = |progress: &Progress<'_>, _: &dyn Scorer| match progress.done < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        plan(disk, None)
            .without_model(loaded(), Machine::default(), &mut listener)
            .block_on()
    };
    run(&whole, usize::MAX).expect("a run");
    let disk = Memory::default();
    for most in [0, BATCH, 2 * BATCH] {
        let error = run(&disk, most).expect_err("stopped");
        assert!(matches!(error, EvaluationError::Run(RunError::Stopped)), "{error}");
        assert!(error.to_string().contains("goes on from there"), "{error}");
    }
    let folder = Path::new("runs/vizwiz/majority");
    let far = peek(&disk, folder).block_on().expect("a run").expect("a run");
    assert_eq!((far.done, far.count, far.key.batch_size), (2 * BATCH, COUNT, BATCH));
    assert!(peek(&disk, Path::new("runs")).block_on().expect("no run").is_none());
    assert_eq!(run(&disk, usize::MAX).expect("a run").finished.resumed, 2 * BATCH);
    assert_eq!(files(&disk), files(&whole));
}

/// The control without a model needs a source and a store, and nothing else.
#[test]
fn a_control_runs_in_memory() {
    let disk = Memory::default();
    let mut heard = 0;
    let done = plan(&disk, None)
        .without_model(loaded(), Machine::default(), &mut |progress, _| {
            heard = progress.done;
            ControlFlow::Continue(())
        })
        .block_on()
        .expect("a run");
    assert_eq!((heard, done.finished.count), (COUNT, COUNT));
    assert_eq!(done.folder, Path::new("runs/vizwiz/majority"));
    assert_eq!(done.unanswered(), Unanswered::default());
    assert!(matches!(done.loaded.questions[0].image, Image::File(_)));
    let missing = questions::read(&disk, Path::new("runs/nothing")).block_on();
    let missing = missing.map(|_| ()).expect_err("nothing there").to_string();
    assert!(missing.starts_with("cannot read runs/nothing/task.json"), "{missing}");
}
