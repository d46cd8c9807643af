//! `sightline eval`: models over a benchmark, in folders that survive being killed.

mod controls;
mod folder;
mod key;
mod model;
mod pictures;
mod table;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use sightline_checkpoint::manifest::{LanguageModel, Manifest, Model};
use sightline_eval::run::disk::FileSystem;
use sightline_eval::run::{
    Answerer, Finished, Item, Machine, Outcome, Progress, Run, RunKey, Scorer, Shard, UNREADABLE, assigned, order,
};
use sightline_eval::tasks::{self, Loaded, Mode, Select};
use sightline_kernels::Device;
use sightline_vision::{Transform, load_manifest};
use sightline_vlm::{Blind, Files, Language, Options, Vlm};

use crate::args::{By, Control, Eval, Global};
use crate::commands::{doctor, models};
use crate::failure::{Failure, INPUT, OrFail, RUNNING, WEIGHTS};
use crate::{device, output, weights};

use controls::Blindfold;
use model::{BlindAnswerer, ModelAnswerer, NOT_ASKED, Replies};
use pictures::Gallery;

pub(crate) use folder::{read_questions, scorer_of, write_questions};
pub(crate) use key::host;

/// Longest written answer of tasks at hand, tokens: the paper's evaluation allows 128, and these models stop long before.
const MAX_TOKENS: usize = 128;

/// Largest file of ids that is read, bytes.
const MAX_IDS: u64 = 256 << 20;

/// How every answer is made.
const OPTIONS: Options = Options {
    max_tokens: MAX_TOKENS,
    temperature: 0.0,
    seed: 0,
};

/// Questions without an answer.
#[derive(Default)]
struct Unanswered {
    /// Whose picture could not be read.
    pictures: usize,
    /// That do not fit the model.
    questions: usize,
}

impl Unanswered {
    fn of(finished: &Finished) -> Self {
        let asked = |(_, reason): &&(String, String)| reason.starts_with(NOT_ASKED);
        let questions = finished.unreadable.iter().filter(asked).count();
        Self {
            pictures: finished.unreadable.len() - questions,
            questions,
        }
    }
}

/// What all runs of one call have in common.
struct Plan<'a> {
    args: &'a Eval,
    shard: Option<Shard>,
    /// Which of several GPUs.
    gpu: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Eval, global: &Global) -> Result<(), Failure> {
    let (shard, gpu) = shard(args)?;
    let plan = Plan { args, shard, gpu };
    let select = select(args)?;
    let loaded = tasks::load(&args.task, &args.data, &select).or_fail(INPUT)?;
    if args.by == By::Dense {
        dense_fits(args, &loaded)?;
    }
    let unanswered = match args.control {
        // No weights are needed.
        Some(Control::Majority | Control::Chance) => plan.without_model(loaded)?,
        Some(Control::Blind) => plan.blind(loaded, global)?,
        _ => plan.with_models(&loaded, global)?,
    };
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

/// Whether the dense head can answer what is asked.
fn dense_fits(args: &Eval, loaded: &Loaded) -> Result<(), Failure> {
    if !matches!(args.control, None | Some(Control::Shuffled)) {
        let problem = "--by dense needs a model; of the controls it goes with shuffled alone";
        return Err(Failure::new(2, problem));
    }
    match loaded
        .questions
        .iter()
        .all(|question| question.gold.contains_key("box"))
    {
        true => Ok(()),
        false => {
            let problem = format!(
                "{} does not ask for boxes, which is all that the dense head gives; leave out --by",
                loaded.id
            );
            Err(Failure::new(2, problem))
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

impl Plan<'_> {
    /// The name of a run's folder: who answered, and under which control.
    fn folder(&self, loaded: &Loaded, who: &str) -> PathBuf {
        let mut name = who.to_owned();
        if self.args.by == By::Dense {
            name += "+dense";
        }
        if self.args.control == Some(Control::Shuffled) {
            name += "+shuffled";
        }
        let folder = self.args.out.join(&loaded.id).join(name);
        self.shard.map_or(folder.clone(), |shard| folder.join(shard.folder()))
    }

    /// Takes over the order of a run that is there: one of a few drawn questions goes on with the others.
    fn go_on(&self, loaded: &mut Loaded, who: &str) -> Result<(), Failure> {
        let there = order(&FileSystem, &self.folder(loaded, who)).or_fail(RUNNING)?;
        if there.is_some() && self.args.offset == 0 {
            loaded.stratify();
        }
        Ok(())
    }

    /// A run of every model that is asked for.
    fn with_models(&self, loaded: &Loaded, global: &Global) -> Result<Unanswered, Failure> {
        let weights = weights::folder(global.weights.as_deref())?;
        let manifest = load_manifest(&weights).or_fail(WEIGHTS)?;
        let asked = &self.args.model;
        for id in asked {
            manifest.model(id).or_fail(WEIGHTS)?;
        }
        let wanted = manifest
            .models
            .iter()
            .filter(|row| asked.is_empty() || asked.contains(&row.id));
        pollster::block_on(async {
            let device = self.device(global).await?;
            let mut all = Unanswered::default();
            for row in wanted {
                let found = self
                    .with_model(loaded.clone(), row, &manifest, &weights, &device)
                    .await?;
                all.pictures += found.pictures;
                all.questions += found.questions;
            }
            Ok(all)
        })
    }

    async fn device(&self, global: &Global) -> Result<Device, Failure> {
        let choice = device::open_at(global.device, self.gpu).await?;
        if global.verbose {
            eprintln!("device: {} ({})", doctor::name(&choice.device), choice.why);
        }
        Ok(choice.device)
    }

    /// A run without a model.
    fn without_model(&self, mut loaded: Loaded) -> Result<Unanswered, Failure> {
        let who = match self.args.control {
            Some(Control::Chance) => "chance",
            _ => "majority",
        };
        self.go_on(&mut loaded, who)?;
        let mut answerer = match self.args.control {
            Some(Control::Chance) => Blindfold::chance(&loaded),
            _ => Blindfold::majority(&loaded),
        };
        let key = key::of_control(&loaded, who, self.args.batch_size as usize)?;
        let items = key::items(&loaded, None);
        self.execute(&loaded, who, &key, &items, &mut answerer, "no model".to_owned())
    }

    /// A run of the blind control.
    fn blind(&self, mut loaded: Loaded, global: &Global) -> Result<Unanswered, Failure> {
        let weights = weights::folder(global.weights.as_deref())?;
        let manifest = load_manifest(&weights).or_fail(WEIGHTS)?;
        let file = weights.join("manifest.json").display().to_string();
        let row = manifest.blind(&file).or_fail(WEIGHTS)?;
        let language_row = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        let device = pollster::block_on(self.device(global))?;
        self.go_on(&mut loaded, &row.id)?;
        let bar = output::spinner(&format!("loading {}", row.id));
        let bytes = sightline_checkpoint::cache::read_model_file(&weights, &row.files[0]).or_fail(WEIGHTS)?;
        let language = language(language_row, &device)?;
        let replies = replies(&loaded, &language)?;
        let blind = Blind::load(row, &bytes, language).or_fail(WEIGHTS)?;
        bar.finish_and_clear();
        loaded.transform = key::blind_transform();
        let items = key::items(&loaded, None);
        let who = key::Who::blind(row, language_row);
        let key = key::of_model(&loaded, who, &device, self.args, &replies, &items)?;
        let mut answerer = BlindAnswerer {
            blind,
            options: OPTIONS,
            replies,
            questions: loaded.questions.clone(),
            batch_size: self.args.batch_size as usize,
        };
        let name = doctor::name(&device);
        self.execute(&loaded, &row.id, &key, &items, &mut answerer, name)
    }

    /// A run of a model.
    async fn with_model(
        &self,
        mut loaded: Loaded,
        row: &Model,
        manifest: &Manifest,
        weights: &std::path::Path,
        device: &Device,
    ) -> Result<Unanswered, Failure> {
        self.go_on(&mut loaded, &row.id)?;
        let bar = output::spinner(&format!("loading {}", row.id));
        let files = Files::read(weights, manifest, &row.id).or_fail(WEIGHTS)?;
        let language_row = manifest.language_model(&row.language_model).or_fail(WEIGHTS)?;
        let language = language(language_row, device)?;
        let replies = match self.args.by {
            By::Language => replies(&loaded, &language)?,
            By::Dense => Replies::Dense,
        };
        let vlm = Vlm::load(device, &files, language).await.or_fail(WEIGHTS)?;
        bar.finish_and_clear();
        loaded.transform = key::transform(row);
        let batch_size = self.args.batch_size as usize;
        let questions = Arc::new(loaded.questions.clone());
        let seen = Transform::read(&row.transform).or_fail(WEIGHTS)?;
        let asked = loaded.limit.unwrap_or(questions.len()).min(questions.len());
        let gallery = match self.args.control {
            Some(Control::Shuffled) => Gallery::shuffled(questions, asked, seen),
            _ => Gallery::own(questions, asked, seen),
        };
        let gallery = Arc::new(gallery);
        let items = key::items(&loaded, Some(&gallery));
        let who = key::Who::model(row, language_row, self.args.control)?;
        let key = key::of_model(&loaded, who, device, self.args, &replies, &items)?;
        let mut answerer = ModelAnswerer::new(vlm, OPTIONS, replies, Arc::clone(&gallery), batch_size);
        let name = doctor::name(device);
        self.execute(&loaded, &row.id, &key, &items, &mut answerer, name)
    }

    /// Does what is left of a run; gives what could not be answered.
    fn execute(
        &self,
        loaded: &Loaded,
        who: &str,
        key: &RunKey,
        items: &[Item],
        answerer: &mut dyn Answerer,
        device: String,
    ) -> Result<Unanswered, Failure> {
        let folder = self.folder(loaded, who);
        let asked = loaded.asked();
        let scorer = tasks::scorer(&asked).or_fail(INPUT)?;
        let machine = Machine {
            host: key::host(),
            device,
            memory: key::memory(),
        };
        let run = Run {
            folder: &folder,
            disk: &FileSystem,
            key,
            items,
            shard: self.shard,
            limit: loaded.limit,
            machine: &machine,
        };
        let mut bar = Bar::new(&format!("{} {who}", loaded.id));
        let finished = run.execute(answerer, scorer.as_ref(), &mut |progress| {
            bar.show(&progress, scorer.as_ref())
        });
        bar.bar.finish_and_clear();
        let finished = finished.or_fail(RUNNING)?;
        write_questions(&folder, &asked)?;
        tell(&folder, who, loaded, &finished)?;
        Ok(Unanswered::of(&finished))
    }
}

/// A language model on a device, fetched if it is not here.
fn language(row: &LanguageModel, device: &Device) -> Result<Rc<Language>, Failure> {
    let path = models::fetch_language_model(row)?;
    let bytes = sightline_checkpoint::cache::read_language_model(&path, row).or_fail(WEIGHTS)?;
    let language = Language::load(device, &path.display().to_string(), &bytes).or_fail(WEIGHTS)?;
    Ok(Rc::new(language))
}

/// How a task's questions are answered, in the language model's tokens.
fn replies(loaded: &Loaded, language: &Language) -> Result<Replies, Failure> {
    Ok(match &loaded.mode {
        Mode::Text => Replies::Written,
        Mode::Choices(texts) => Replies::Tokens(language.first_tokens(texts).or_fail(WEIGHTS)?),
        Mode::Options(_) => {
            let options = loaded
                .questions
                .iter()
                .map(|question| language.answers(&question.options));
            Replies::Answers(options.collect::<Result<_, _>>().or_fail(WEIGHTS)?)
        }
    })
}

/// Prints what came of a run.
fn tell(folder: &std::path::Path, who: &str, loaded: &Loaded, finished: &Finished) -> Result<(), Failure> {
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

/// Progress with the time that is left and the score so far; silent off a terminal.
struct Bar {
    bar: ProgressBar,
    scored: usize,
    sum: f64,
}

impl Bar {
    fn new(doing: &str) -> Self {
        use std::io::IsTerminal;
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        let template = format!("{doing} [{{bar:30}}] {{pos}}/{{len}} {{per_sec}} {{eta}} {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self {
            bar,
            scored: 0,
            sum: 0.0,
        }
    }

    fn show(&mut self, progress: &Progress, scorer: &dyn Scorer) {
        for record in progress.new {
            let readable = !matches!(record.outcome, Outcome::Unreadable(_));
            self.sum += scorer
                .score(record)
                .ok()
                .filter(|_| readable)
                .map_or(0.0, |score| score.score);
            self.scored += 1;
        }
        self.bar.set_length(progress.of as u64);
        if self.bar.position() == 0 {
            // What was there before this process says nothing of its speed.
            self.bar.reset_eta();
        }
        self.bar.set_position(progress.done as u64);
        if self.scored > 0 {
            self.bar
                .set_message(format!("score {:.1} %", 100.0 * self.sum / self.scored as f64));
        }
    }
}
