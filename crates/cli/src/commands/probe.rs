//! `sightline probe`: what an encoder's frozen features are worth.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sightline_checkpoint::cache::Cache as Folders;
use sightline_checkpoint::manifest::Manifest;
use sightline_checkpoint::tensors::{Tensor, TensorData, serialize};
use sightline_eval::stats::{Interval, wilson};
use sightline_eval::tasks::Image;
use sightline_kernels::Device;
use sightline_probe::{
    Cache, Embedded, Embedder, Features, Labelled, PENALTIES, Pool, ProbeError, Run, check_pair, linear, neighbours,
};
use sightline_vision::load_manifest;

use crate::args::{Global, PoolKind, Probe};
use crate::commands::doctor;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE, WEIGHTS};
use crate::{device, output, weights};

/// All that is said.
#[derive(Serialize)]
struct Report {
    train: Part,
    val: Part,
    /// Pictures of the validation part whose bytes are in the training part, too.
    shared: usize,
    device: String,
    pool: &'static str,
    models: Vec<Row>,
}

/// A part of the data set.
#[derive(Serialize)]
struct Part {
    place: String,
    pictures: usize,
    classes: usize,
}

/// What one encoder's features are worth.
#[derive(Serialize)]
struct Row {
    model: String,
    width: usize,
    /// Pictures whose features were in the cache.
    cached: usize,
    linear: Linear,
    neighbours: Neighbours,
}

#[derive(Serialize)]
struct Linear {
    /// Of the accuracies over the seeds.
    mean: f64,
    lowest: f64,
    highest: f64,
    seeds: Vec<Seed>,
}

#[derive(Serialize)]
struct Seed {
    seed: u64,
    #[serde(flatten)]
    accuracy: Accuracy,
    penalty: f32,
    epochs: usize,
    held_out_loss: f64,
}

#[derive(Serialize)]
struct Neighbours {
    k: usize,
    #[serde(flatten)]
    accuracy: Accuracy,
}

/// A share of right answers, 0 to 1, with its 95 % Wilson interval.
#[derive(Serialize)]
struct Accuracy {
    right: usize,
    accuracy: f64,
    interval95: [f64; 2],
}

impl Accuracy {
    fn of(right: usize, count: usize) -> Self {
        let Interval { estimate, low, high } = wilson(right, count).unwrap_or(Interval {
            estimate: 0.0,
            low: 0.0,
            high: 1.0,
        });
        Self {
            right,
            accuracy: estimate,
            interval95: [low, high],
        }
    }

    fn text(&self) -> String {
        let [low, high] = self.interval95;
        format!(
            "{:5.1} % [{:.1}, {:.1}]",
            100.0 * self.accuracy,
            100.0 * low,
            100.0 * high
        )
    }
}

/// Runs the command.
pub(crate) fn run(args: &Probe, global: &Global) -> Result<(), Failure> {
    let folder = weights::folder(global.weights.as_deref())?;
    let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
    for id in &args.model {
        manifest.model(id).or_fail(WEIGHTS)?;
    }
    let ids: Vec<String> = match args.model.is_empty() {
        true => manifest.models.iter().map(|model| model.id.clone()).collect(),
        false => args.model.clone(),
    };
    if args.features_out.is_some() && ids.len() > 1 {
        return Err(Failure::new(
            USAGE,
            "--features-out holds the features of one model; name it with --model ID",
        ));
    }
    let (train, val) = parts(args)?;
    output::check(
        &[("--features-out", args.features_out.as_deref())],
        inputs(args, &train, &val).iter().map(PathBuf::as_path),
    )?;
    let cache = match &args.cache {
        Some(folder) => folder.clone(),
        None => Folders::from_env().or_fail(USAGE)?.folder().join("features"),
    };
    pollster::block_on(async {
        let choice = device::open(global.device).await?;
        if global.verbose {
            output::note(&format!("device: {} ({})", doctor::name(&choice.device), choice.why));
        }
        let task = Job {
            args,
            folder: &folder,
            manifest: &manifest,
            device: choice.device,
            cache,
            train,
            val,
            verbose: global.verbose,
        };
        let report = task.report(&ids).await?;
        match args.json {
            true => output::line(&serde_json::to_string_pretty(&report).or_fail(RUNNING)?),
            false => output::print(&text(&report)),
        }
    })
}

/// Both parts, checked.
fn parts(args: &Probe) -> Result<(Labelled, Labelled), Failure> {
    let (mut train, val) = match (&args.task, &args.data, &args.train, &args.val) {
        (Some(id), Some(data), train, _) => {
            let val = Labelled::task(id, data).map_err(failure)?;
            let train = match train {
                Some(path) => Labelled::read(path),
                None => Labelled::task_training(id, data),
            };
            (train.map_err(failure)?, val)
        }
        (_, _, Some(train), Some(val)) => (
            Labelled::read(train).map_err(failure)?,
            Labelled::read(val).map_err(failure)?,
        ),
        _ => {
            return Err(Failure::new(
                USAGE,
                "--train DIR and --val DIR, or --task ID, are needed",
            ));
        }
    };
    check_pair(&train, &val).map_err(failure)?;
    if let Some(count) = args.per_class {
        train.keep(count as usize);
    }
    Ok((train, val))
}

/// Files that are read.
fn inputs(args: &Probe, train: &Labelled, val: &Labelled) -> Vec<PathBuf> {
    let pictures = train.pictures.iter().chain(&val.pictures);
    let files = pictures.filter_map(|picture| match &picture.image {
        Image::File(path) => path.on_disk(),
        _ => None,
    });
    let named = args.train.iter().chain(&args.val).filter(|path| path.is_file());
    named.cloned().chain(files).collect()
}

/// What has to be done, and on what.
struct Job<'a> {
    args: &'a Probe,
    folder: &'a Path,
    manifest: &'a Manifest,
    device: Device,
    cache: PathBuf,
    train: Labelled,
    val: Labelled,
    verbose: bool,
}

impl Job<'_> {
    async fn report(&self, ids: &[String]) -> Result<Report, Failure> {
        let pool = match self.args.pool {
            PoolKind::Mean => Pool::Mean,
            PoolKind::Max => Pool::Max,
        };
        let part = |part: &Labelled| Part {
            place: part.place.clone(),
            pictures: part.pictures.len(),
            classes: part.classes.len(),
        };
        let mut report = Report {
            train: part(&self.train),
            val: part(&self.val),
            shared: 0,
            device: doctor::name(&self.device),
            pool: pool.name(),
            models: Vec::new(),
        };
        for id in ids {
            let (train, val) = self.features(id, pool).await?;
            let known: HashSet<&String> = train.sha256.iter().collect();
            report.shared = val.sha256.iter().filter(|hash| known.contains(hash)).count();
            if let Some(path) = &self.args.features_out {
                write_features(path, &train.features, &val.features)?;
            }
            report.models.push(self.row(id, &train, &val)?);
        }
        if report.shared > 0 {
            output::note(&format!(
                "{} of {} pictures of the validation part are in the training part, too; accuracies are too high",
                report.shared, report.val.pictures
            ));
        }
        Ok(report)
    }

    /// Features of both parts.
    async fn features(&self, id: &str, pool: Pool) -> Result<(Embedded, Embedded), Failure> {
        let load = Embedder::load(&self.device, self.folder, self.manifest, id, pool);
        let mut embedder = load.map_err(failure)?;
        let mut cache = Cache::open(&self.cache, embedder.key(), embedder.width()).map_err(failure)?;
        for path in &cache.damaged {
            let path = output::name(path);
            output::note(&format!(
                "{path} was damaged and is removed; its pictures are encoded again"
            ));
        }
        if self.verbose {
            output::note(&format!("features of {id}: {}", output::name(cache.folder())));
        }
        let total = self.train.pictures.len() + self.val.pictures.len();
        let bar = output::count_bar(total, &format!("pictures, {id}"));
        let trained = embedder
            .embed(&self.train, &mut cache, |done| bar.set_position(done as u64))
            .await;
        let train = trained.map_err(failure)?;
        let before = self.train.pictures.len();
        let tested = embedder
            .embed(&self.val, &mut cache, |done| bar.set_position((before + done) as u64))
            .await;
        bar.finish_and_clear();
        Ok((train, tested.map_err(failure)?))
    }

    fn row(&self, id: &str, train: &Embedded, val: &Embedded) -> Result<Row, Failure> {
        let (seeds, count) = (u64::from(self.args.seeds), val.features.len());
        let steps = seeds as usize * (PENALTIES.len() + 1);
        let bar = output::count_bar(steps, &format!("trainings, {id}"));
        let mut runs: Vec<Run> = Vec::new();
        for seed in 0..seeds {
            let trained = linear(&self.device, &train.features, &val.features, seed, || bar.inc(1));
            runs.push(trained.map_err(failure)?);
        }
        bar.finish_and_clear();
        let k = (self.args.k as usize).min(train.features.len());
        let right = neighbours(&self.device, &train.features, &val.features, k).map_err(failure)?;
        Ok(Row {
            model: id.to_owned(),
            width: train.features.width(),
            cached: train.cached + val.cached,
            linear: over_seeds(&runs, count),
            neighbours: Neighbours {
                k,
                accuracy: Accuracy::of(right, count),
            },
        })
    }
}

fn over_seeds(runs: &[Run], count: usize) -> Linear {
    let seed = |run: &Run| Seed {
        seed: run.seed,
        accuracy: Accuracy::of(run.right, count),
        penalty: run.penalty,
        epochs: run.epochs,
        held_out_loss: run.held_out_loss,
    };
    let seeds: Vec<Seed> = runs.iter().map(seed).collect();
    let accuracies = || seeds.iter().map(|seed| seed.accuracy.accuracy);
    Linear {
        mean: accuracies().sum::<f64>() / seeds.len().max(1) as f64,
        lowest: accuracies().fold(f64::INFINITY, f64::min),
        highest: accuracies().fold(f64::NEG_INFINITY, f64::max),
        seeds,
    }
}

/// Writes features and classes of both parts.
fn write_features(path: &Path, train: &Features, val: &Features) -> Result<(), Failure> {
    let mut tensors = BTreeMap::new();
    let mut add = |key: String, shape: Vec<usize>, values: Vec<f32>| {
        let data = TensorData::F32(values);
        tensors.insert(key, Tensor { shape, data });
    };
    for (part, features) in [("train", train), ("val", val)] {
        let (count, width) = (features.len(), features.width());
        add(
            format!("{part}.features"),
            vec![count, width],
            features.values().to_vec(),
        );
        let labels = features.labels().iter().map(|&label| label as f32).collect();
        add(format!("{part}.labels"), vec![count], labels);
    }
    output::write(path, &serialize(&output::name(path), &tensors).or_fail(RUNNING)?)
}

fn text(report: &Report) -> String {
    let mut out = format!(
        "{} classes, {} pictures to train on ({}), {} to test ({}), {} of tokens, {}\n",
        report.train.classes,
        report.train.pictures,
        report.train.place,
        report.val.pictures,
        report.val.place,
        report.pool,
        report.device
    );
    for row in &report.models {
        // Writing into a text cannot fail.
        let _ = writeln!(out, "\n{}, {} values per picture", output::bold(&row.model), row.width);
        for seed in &row.linear.seeds {
            let _ = writeln!(
                out,
                "  linear, seed {}  {}  penalty {}, {} epochs",
                seed.seed,
                seed.accuracy.text(),
                seed.penalty,
                seed.epochs
            );
        }
        let Linear {
            mean, lowest, highest, ..
        } = row.linear;
        let [mean, lowest, highest] = [mean, lowest, highest].map(|share| 100.0 * share);
        let _ = writeln!(out, "  linear, mean    {mean:5.1} %, from {lowest:.1} to {highest:.1}");
        let neighbours = &row.neighbours;
        let _ = writeln!(out, "  nearest {:<7} {}", neighbours.k, neighbours.accuracy.text());
    }
    out
}

/// A probe's error with its exit code.
fn failure(error: ProbeError) -> Failure {
    let code = match error {
        ProbeError::Row { .. } | ProbeError::Encoder(_) | ProbeError::Transform(_) | ProbeError::Tensors(_) => WEIGHTS,
        ref other if other.is_input() => INPUT,
        _ => RUNNING,
    };
    Failure::new(code, error)
}
