//! `sightline probe`: what an encoder's frozen features are worth.

use std::path::{Path, PathBuf};

use sightline_checkpoint::cache::Cache as Folders;
use sightline_checkpoint::manifest::Manifest;
use sightline_eval::tasks::Image;
use sightline_kernels::Device;
use sightline_probe::{
    Cache, Embedded, Embedder, Labelled, PENALTIES, Pool, ProbeError, Report, Run, check_pair, features_file, linear,
    neighbours,
};
use sightline_vision::load_manifest;

use crate::args::{Global, PoolKind, Probe};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE, WEIGHTS};
use crate::{device, output, weights};

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
            output::note(&format!("device: {} ({})", device::name(&choice.device), choice.why));
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
            false => output::print(&report.text(&output::bold)),
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
        let mut report = Report::new(&self.train, &self.val, device::name(&self.device), pool);
        for id in ids {
            let (train, val) = self.features(id, pool).await?;
            if let Some(path) = &self.args.features_out {
                let bytes = features_file(&output::name(path), &train.features, &val.features).map_err(failure)?;
                output::write(path, &bytes)?;
            }
            let runs = self.classifiers(id, &train, &val)?;
            let k = (self.args.k as usize).min(train.features.len());
            let right = neighbours(&self.device, &train.features, &val.features, k).map_err(failure)?;
            report.add(id, &train, &val, &runs, (k, right));
        }
        if report.shared > 0 {
            output::note(&format!(
                "{} of {} pictures of the validation part are in the training part, too; accuracies are too high",
                report.shared,
                report.tested()
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

    /// A classifier for every seed.
    fn classifiers(&self, id: &str, train: &Embedded, val: &Embedded) -> Result<Vec<Run>, Failure> {
        let seeds = u64::from(self.args.seeds);
        let steps = seeds as usize * (PENALTIES.len() + 1);
        let bar = output::count_bar(steps, &format!("trainings, {id}"));
        let train = |seed| linear(&self.device, &train.features, &val.features, seed, || bar.inc(1));
        let runs: Result<Vec<Run>, ProbeError> = (0..seeds).map(train).collect();
        bar.finish_and_clear();
        runs.map_err(failure)
    }
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
