//! `sightline eval`: models over a benchmark, in folders that survive being killed.

mod bar;
mod table;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use sightline_checkpoint::manifest::{LanguageModel, Manifest, Model};
use sightline_eval::scorer::Scorer;
use sightline_eval::tasks::{self, Loaded, Select};
use sightline_evaluation::native::{self, FileSystem};
use sightline_evaluation::run::{Progress, Shard, UNREADABLE, assigned};
use sightline_evaluation::{Control, Done, LoadedBlind, LoadedModel, Place, Plan, Unanswered};
use sightline_kernels::Device;
use sightline_vision::load_manifest;
use sightline_vlm::{Blind, Files, Language, Vlm};

use crate::args::{Eval, Global};
use crate::commands::{doctor, models};
use crate::failure::{Failure, INPUT, OrFail, WEIGHTS};
use crate::{device, output, weights};

use bar::Bar;

/// Largest file of ids that is read, bytes.
const MAX_IDS: u64 = 256 << 20;

/// What all runs of one call have in common.
struct Runs<'a> {
    plan: Plan<FileSystem>,
    global: &'a Global,
    /// Which of several GPUs.
    gpu: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Eval, global: &Global) -> Result<(), Failure> {
    let (shard, gpu) = shard(args)?;
    let select = select(args)?;
    let loaded = tasks::load(&args.task, &args.data, &select).or_fail(INPUT)?;
    let plan = Plan {
        disk: FileSystem,
        out: args.out.clone(),
        batch_size: args.batch_size as usize,
        control: args.control.map(Control::from),
        by: args.by.into(),
        shard,
        from_start: args.offset == 0,
    };
    plan.check(&loaded)?;
    let runs = Runs { plan, global, gpu };
    let unanswered = pollster::block_on(async {
        match runs.plan.control {
            // No weights are needed.
            Some(Control::Majority | Control::Chance) => runs.without_model(loaded).await,
            Some(Control::Blind) => runs.blind(loaded).await,
            _ => runs.with_models(&loaded, &args.model).await,
        }
    })?;
    match unanswered {
        Unanswered {
            pictures: 0,
            questions: 0,
        } => Ok(()),
        Unanswered { pictures, questions } => {
            let mut problem = "finished, with".to_owned();
            if pictures > 0 {
                problem += &format!(" pictures that could not be read: {pictures}");
            }
            if questions > 0 {
                let and = if pictures > 0 { ", and" } else { "" };
                problem += &format!("{and} questions that could not be asked: {questions}");
            }
            problem += ". They count as wrong; results.json names them. This run keeps them so: to have them answered once they are mended, \
                        name another --out";
            Err(Failure::new(UNREADABLE, problem))
        }
    }
}

/// The part that this process does, and the GPU it takes.
fn shard(args: &Eval) -> Result<(Option<Shard>, usize), Failure> {
    match args.shard.as_deref() {
        None => Ok((None, 0)),
        Some("auto") => {
            let found = assigned(args.shards, |name| std::env::var(name).ok()).or_fail(2)?;
            Ok((Some(found.shard), found.local_rank))
        }
        Some(text) => {
            let shard: Shard = text.parse().or_fail(2)?;
            if args.shards.is_some_and(|count| count != shard.count()) {
                return Err(Failure::new(
                    2,
                    "--shard and --shards name different numbers of shards; leave --shards out",
                ));
            }
            Ok((Some(shard), 0))
        }
    }
}

fn select(args: &Eval) -> Result<Select, Failure> {
    let read = |path: &PathBuf| {
        let text = sightline_checkpoint::file::read_text(path, MAX_IDS)
            .map_err(|error| Failure::new(INPUT, format!("cannot read {}: {error}", path.display())))?;
        let ids = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok::<_, Failure>(ids.map(str::to_owned).collect())
    };
    Ok(Select {
        subset: None,
        limit: args.limit,
        offset: args.offset,
        ids: args.ids.as_ref().map(read).transpose()?,
    })
}

impl Runs<'_> {
    /// A run of every model that is asked for.
    async fn with_models(&self, loaded: &Loaded, asked: &[String]) -> Result<Unanswered, Failure> {
        let weights = weights::folder(self.global.weights.as_deref())?;
        let manifest = load_manifest(&weights).or_fail(WEIGHTS)?;
        for id in asked {
            manifest.model(id).or_fail(WEIGHTS)?;
        }
        let wanted = manifest
            .models
            .iter()
            .filter(|row| asked.is_empty() || asked.contains(&row.id));
        let device = self.device().await?;
        let mut all = Unanswered::default();
        for row in wanted {
            let found = self
                .with_model(loaded.clone(), row, &manifest, &weights, &device)
                .await?;
            all.pictures += found.pictures;
            all.questions += found.questions;
        }
        Ok(all)
    }

    async fn device(&self) -> Result<Device, Failure> {
        let choice = device::open_at(self.global.device, self.gpu).await?;
        if self.global.verbose {
            eprintln!("device: {} ({})", doctor::name(&choice.device), choice.why);
        }
        Ok(choice.device)
    }

    /// A run without a model.
    async fn without_model(&self, loaded: Loaded) -> Result<Unanswered, Failure> {
        let who = self.plan.without_model_name();
        let mut bar = Bar::new(&format!("{} {who}", loaded.id));
        let machine = native::machine("no model".to_owned());
        let done = self
            .plan
            .without_model(loaded, machine, &mut |progress, scorer| bar.show(progress, scorer))
            .await;
        bar.bar.finish_and_clear();
        ended(who, &done?)
    }

    /// A run of the blind control.
    async fn blind(&self, mut loaded: Loaded) -> Result<Unanswered, Failure> {
        let weights = weights::folder(self.global.weights.as_deref())?;
        let manifest = load_manifest(&weights).or_fail(WEIGHTS)?;
        let file = weights.join("manifest.json").display().to_string();
        let row = manifest.blind(&file).or_fail(WEIGHTS)?;
        let language_row = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        let device = self.device().await?;
        self.plan.go_on(&mut loaded, &row.id).await?;
        let loading = output::spinner(&format!("loading {}", row.id));
        let bytes = sightline_checkpoint::cache::read_model_file(&weights, &row.files[0]).or_fail(WEIGHTS)?;
        let language = language(language_row, &device)?;
        let blind = Blind::load(row, &bytes, Rc::clone(&language)).or_fail(WEIGHTS)?;
        loading.finish_and_clear();
        let model = LoadedBlind {
            blind,
            row,
            language,
            language_row,
        };
        let mut bar = Bar::new(&format!("{} {}", loaded.id, row.id));
        let mut show = |progress: &Progress<'_>, scorer: &dyn Scorer| bar.show(progress, scorer);
        let done = self.plan.blind(loaded, model, place(&device), &mut show).await;
        bar.bar.finish_and_clear();
        ended(&row.id, &done?)
    }

    /// A run of a model.
    async fn with_model(
        &self,
        mut loaded: Loaded,
        row: &Model,
        manifest: &Manifest,
        weights: &Path,
        device: &Device,
    ) -> Result<Unanswered, Failure> {
        self.plan.go_on(&mut loaded, &row.id).await?;
        let loading = output::spinner(&format!("loading {}", row.id));
        let files = Files::read(weights, manifest, &row.id).or_fail(WEIGHTS)?;
        let language_row = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        let language = language(language_row, device)?;
        let vlm = Vlm::load(device, &files, Rc::clone(&language)).await.or_fail(WEIGHTS)?;
        loading.finish_and_clear();
        let model = LoadedModel {
            vlm,
            row,
            language,
            language_row,
        };
        let mut bar = Bar::new(&format!("{} {}", loaded.id, row.id));
        let mut show = |progress: &Progress<'_>, scorer: &dyn Scorer| bar.show(progress, scorer);
        let done = self.plan.model(loaded, model, place(device), &mut show).await;
        bar.bar.finish_and_clear();
        ended(&row.id, &done?)
    }
}

/// Where a model runs.
fn place(device: &Device) -> Place<'_> {
    Place {
        device,
        machine: native::machine(doctor::name(device)),
    }
}

/// A language model on a device, fetched if it is not here.
fn language(row: &LanguageModel, device: &Device) -> Result<Rc<Language>, Failure> {
    let path = models::fetch_language_model(row)?;
    let bytes = sightline_checkpoint::cache::read_language_model(&path, row).or_fail(WEIGHTS)?;
    let language = Language::load(device, &row.chat, &path.display().to_string(), &bytes).or_fail(WEIGHTS)?;
    Ok(Rc::new(language))
}

/// Prints what came of a run; gives what could not be answered.
fn ended(who: &str, done: &Done) -> Result<Unanswered, Failure> {
    tell(who, done)?;
    Ok(done.unanswered())
}

/// Prints what came of a run.
fn tell(who: &str, done: &Done) -> Result<(), Failure> {
    let Done {
        folder,
        loaded,
        finished,
    } = done;
    let resumed = match finished.resumed {
        0 => String::new(),
        count => format!(", {count} of them were there"),
    };
    output::line(&format!(
        "{} {}: {} answers{resumed}, in {}",
        output::bold(&loaded.id),
        output::bold(who),
        finished.count,
        folder.display()
    ))?;
    if let (Some(order), Some(_)) = (&loaded.order, loaded.limit) {
        let all = loaded.questions.len();
        output::line(&format!(
            "  drawn from {all}: {order}; the same without --limit goes on"
        ))?;
    }
    match &finished.report {
        None => output::line("  a shard: `sightline merge` puts all of them together"),
        Some(report) => {
            for line in table::lines(&report.table) {
                output::line(&format!("  {line}"))?;
            }
            Ok(())
        }
    }
}
