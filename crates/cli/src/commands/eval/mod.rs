//! `sightline eval`: models over a benchmark, in folders that survive being killed.

mod bar;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_eval::scorer::Scorer;
use sightline_eval::tasks::{self, Loaded, Select};
use sightline_evaluation::native::{self, FileSystem};
use sightline_evaluation::run::{Progress, Shard, assigned};
use sightline_evaluation::{Control, Done, Plan, Rows, Summary, Unanswered};
use sightline_vision::load_manifest;
use sightline_vlm::Lineup;

use crate::args::{Eval, Global};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, UNREADABLE, WEIGHTS};
use crate::weights::{self, Weights};
use crate::{device, output};

use bar::Bar;

/// Largest file of ids that is read, bytes.
const MAX_IDS: u64 = 256 << 20;

/// What all runs of one call have in common.
struct Runs<'a> {
    plan: Plan<FileSystem>,
    global: &'a Global,
    /// Which of several GPUs.
    gpu: usize,
    /// Where runs are kept for one JSON document, instead of being printed.
    json: Option<RefCell<Vec<Summary>>>,
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
        control: args.control,
        by: args.by,
        shard,
        from_start: args.offset == 0,
    };
    plan.check(&loaded)?;
    let runs = Runs {
        plan,
        global,
        gpu,
        json: args.json.then(RefCell::default),
    };
    let unanswered = pollster::block_on(async {
        match runs.plan.control {
            // No weights are needed.
            Some(Control::Majority | Control::Chance) => runs.without_model(loaded).await,
            Some(Control::Blind) => runs.blind(loaded).await,
            _ => runs.with_models(&loaded, &args.model).await,
        }
    });
    if let Some(done) = &runs.json {
        // What is done is told, also if a later run failed.
        output::line(&serde_json::to_string_pretty(done).or_fail(RUNNING)?)?;
    }
    match unanswered? {
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
        let folder = weights::folder(self.global.weights.as_deref())?;
        let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
        for id in asked {
            manifest.model(id).or_fail(WEIGHTS)?;
        }
        let is_wanted = |row: &&Model| asked.is_empty() || asked.contains(&row.id);
        let wanted: Vec<&Model> = manifest.models.iter().filter(is_wanted).collect();
        let mut lineup = self.lineup(&folder, &manifest).await?;
        let mut all = Unanswered::default();
        for (at, row) in wanted.iter().enumerate() {
            let found = self.with_model(loaded.clone(), row, &manifest, &mut lineup).await?;
            all.pictures += found.pictures;
            all.questions += found.questions;
            // Only what the following models share stays in memory.
            lineup.unload(&row.id);
            let language = &row.language_model;
            if !wanted[at + 1..].iter().any(|next| next.language_model == *language) {
                lineup.unload_language(language);
            }
        }
        Ok(all)
    }

    /// A lineup on the device that is asked for.
    async fn lineup<'a>(&self, folder: &'a Path, manifest: &'a Manifest) -> Result<Lineup<Weights<'a>>, Failure> {
        let verbose = self.global.verbose;
        let choice = device::open_at(self.global.device, self.gpu).await?;
        if verbose {
            output::note(&format!("device: {} ({})", device::name(&choice.device), choice.why));
        }
        let source = Weights::new(folder, manifest, verbose);
        Ok(Lineup::new(choice.device, source, Vec::new()))
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
        self.ended(who, &done?)
    }

    /// A run of the blind control.
    async fn blind(&self, mut loaded: Loaded) -> Result<Unanswered, Failure> {
        let folder = weights::folder(self.global.weights.as_deref())?;
        let manifest = load_manifest(&folder).or_fail(WEIGHTS)?;
        let file = folder.join("manifest.json").display().to_string();
        let row = manifest.blind(&file).or_fail(WEIGHTS)?;
        let language = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        let mut lineup = self.lineup(&folder, &manifest).await?;
        self.plan.go_on(&mut loaded, &row.id).await?;
        let loading = output::spinner(&format!("loading {}", row.id));
        let bytes = sightline_checkpoint::cache::read_model_file(&folder, &row.files[0]).or_fail(WEIGHTS)?;
        lineup.language(&language.id).await?;
        loading.finish_and_clear();
        let mut bar = Bar::new(&format!("{} {}", loaded.id, row.id));
        let mut show = |progress: &Progress<'_>, scorer: &dyn Scorer| bar.show(progress, scorer);
        let machine = native::machine(device::name(lineup.device()));
        let rows = Rows { row, language };
        let done = self
            .plan
            .blind(loaded, (&mut lineup, &bytes), rows, machine, &mut show)
            .await;
        bar.bar.finish_and_clear();
        self.ended(&row.id, &done?)
    }

    /// A run of a model.
    async fn with_model(
        &self,
        mut loaded: Loaded,
        row: &Model,
        manifest: &Manifest,
        lineup: &mut Lineup<Weights<'_>>,
    ) -> Result<Unanswered, Failure> {
        self.plan.go_on(&mut loaded, &row.id).await?;
        let loading = output::spinner(&format!("loading {}", row.id));
        let language = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        lineup.model(&row.id).await?;
        loading.finish_and_clear();
        let mut bar = Bar::new(&format!("{} {}", loaded.id, row.id));
        let mut show = |progress: &Progress<'_>, scorer: &dyn Scorer| bar.show(progress, scorer);
        let machine = native::machine(device::name(lineup.device()));
        let rows = Rows { row, language };
        let done = self.plan.model(loaded, lineup, rows, machine, &mut show).await;
        bar.bar.finish_and_clear();
        self.ended(&row.id, &done?)
    }

    /// Tells what came of a run; gives what could not be answered.
    fn ended(&self, who: &str, done: &Done) -> Result<Unanswered, Failure> {
        match &self.json {
            Some(all) => all.borrow_mut().push(Summary::of(who, done)),
            None => tell(who, done)?,
        }
        Ok(done.unanswered())
    }
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
            for line in report.table.lines() {
                output::line(&format!("  {line}"))?;
            }
            Ok(())
        }
    }
}
