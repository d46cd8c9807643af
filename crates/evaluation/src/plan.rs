//! Runs of a task: of a model, of the blind control, and of answers made without looking.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sightline_checkpoint::manifest::{Blind as BlindRow, LanguageModel, Model};
use sightline_eval::scorer::Scorer;
use sightline_eval::tasks::{self, Loaded};
use sightline_vision::Transform;
use sightline_vlm::{FileSource, Lineup, VlmError};

use crate::answerers::{BlindAnswerer, ModelAnswerer, NOT_ASKED, Replies};
use crate::controls::Blindfold;
use crate::error::EvaluationError;
use crate::gallery::Gallery;
use crate::key::{self, Who};
use crate::questions;
use crate::request::{By, Control};
use crate::run::disk::Disk;
use crate::run::{Answerer, Finished, Item, Machine, Progress, Run, RunKey, Shard, order};

/// The rows of the manifest of who answers, and of the language model in it.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, R> {
    /// The row of a model, or of the blind control.
    pub row: &'a R,
    /// The language model's.
    pub language: &'a LanguageModel,
}

/// What hears how far a run is, with the scorer for answers that come. It may end the run there:
/// what is done is kept.
pub type Listener<'a> = &'a mut dyn FnMut(&Progress<'_>, &dyn Scorer) -> ControlFlow<()>;

/// What all runs of one evaluation have in common.
#[derive(Clone, Debug)]
pub struct Plan<D> {
    /// Where runs are kept.
    pub disk: D,
    /// Folder of all runs.
    pub out: PathBuf,
    /// Number of questions that are answered at once.
    pub batch_size: usize,
    /// What answers in place of the model itself.
    pub control: Option<Control>,
    /// Who answers.
    pub by: By,
    /// The part to do; none for all of it.
    pub shard: Option<Shard>,
    /// Whether the questions begin with the task's first, so that a run of a few may go on.
    pub from_start: bool,
}

/// A run that is done.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its folder.
    pub folder: PathBuf,
    /// What was asked.
    pub loaded: Loaded,
    /// What came of it.
    pub finished: Finished,
}

impl Done {
    /// Questions without an answer.
    pub fn unanswered(&self) -> Unanswered {
        let unreadable = &self.finished.unreadable;
        let questions = unreadable.iter().filter(|(_, reason)| reason.starts_with(NOT_ASKED));
        let questions = questions.count();
        Unanswered {
            pictures: unreadable.len() - questions,
            questions,
        }
    }
}

/// Number of questions without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unanswered {
    /// Whose picture could not be read.
    pub pictures: usize,
    /// That do not fit the model.
    pub questions: usize,
}

/// A run in all that decides its answers.
struct Task<'a> {
    loaded: Loaded,
    who: &'a str,
    key: RunKey,
    items: Vec<Item>,
    machine: Machine,
}

impl<D: Disk> Plan<D> {
    /// Checks that the task can be answered as the plan says.
    ///
    /// # Errors
    /// The dense head is asked for where it cannot answer.
    pub fn check(&self, loaded: &Loaded) -> Result<(), EvaluationError> {
        if self.by == By::Language {
            return Ok(());
        }
        if !matches!(self.control, None | Some(Control::Shuffled)) {
            let problem = "--by dense needs a model; of the controls it goes with shuffled alone";
            return Err(EvaluationError::Request(problem.to_owned()));
        }
        let mut golds = loaded.questions.iter().map(|question| &question.gold);
        if golds.all(|gold| gold.contains_key("box")) {
            return Ok(());
        }
        Err(EvaluationError::Request(format!(
            "{} does not ask for boxes, which is all that the dense head gives; leave out --by",
            loaded.id
        )))
    }

    /// Who answers, and under which control: a model, or where there is none what stands for it.
    pub fn who(&self, model: Option<&str>) -> String {
        let mut name = model.unwrap_or(self.without_model_name()).to_owned();
        if self.by == By::Dense {
            name += "+dense";
        }
        if self.control == Some(Control::Shuffled) {
            name += "+shuffled";
        }
        name
    }

    /// The folder of a run, named by who answered and under which control.
    pub fn folder(&self, loaded: &Loaded, who: &str) -> PathBuf {
        let folder = self.out.join(&loaded.id).join(self.who(Some(who)));
        self.shard.map_or(folder.clone(), |shard| folder.join(shard.folder()))
    }

    /// Takes over the order of a run that is there: one of a few drawn questions goes on with the
    /// others. To be called before a model is loaded.
    ///
    /// # Errors
    /// A run whose key cannot be read.
    pub async fn go_on(&self, loaded: &mut Loaded, who: &str) -> Result<(), EvaluationError> {
        let there = order(&self.disk, &self.folder(loaded, who)).await?;
        if there.is_some() && self.from_start {
            loaded.stratify();
        }
        Ok(())
    }

    /// A run without a model: the answer that is most often right, or a drawn one.
    ///
    /// # Errors
    /// A run that cannot go on.
    pub async fn without_model(
        &self,
        mut loaded: Loaded,
        machine: Machine,
        listener: Listener<'_>,
    ) -> Result<Done, EvaluationError> {
        let who = self.without_model_name();
        self.go_on(&mut loaded, who).await?;
        let mut answerer = match self.control {
            Some(Control::Chance) => Blindfold::chance(&loaded),
            _ => Blindfold::majority(&loaded),
        };
        let task = Task {
            who,
            key: key::of_control(&loaded, who, self.batch_size)?,
            items: key::items(&loaded, None),
            loaded,
            machine,
        };
        self.execute(task, &mut answerer, listener).await
    }

    /// Who answers where there is no model.
    pub fn without_model_name(&self) -> &'static str {
        match self.control {
            Some(Control::Chance) => "chance",
            _ => "majority",
        }
    }

    /// A run of the blind control, in front of a language model of the lineup. `weights` holds the
    /// bytes of the control's first file.
    ///
    /// # Errors
    /// Weights that are unsound, a question that the language model's tokenizer refuses, and a run
    /// that cannot go on.
    pub async fn blind<S>(
        &self,
        mut loaded: Loaded,
        (lineup, weights): (&mut Lineup<S>, &[u8]),
        rows: Rows<'_, BlindRow>,
        machine: Machine,
        listener: Listener<'_>,
    ) -> Result<Done, S::Error>
    where
        S: FileSource,
        S::Error: From<EvaluationError> + Display,
    {
        let language = lineup.language(&rows.language.id).await?;
        let replies = Replies::to(&loaded, &language).map_err(EvaluationError::from)?;
        loaded.transform = key::blind_transform();
        let items = key::items(&loaded, None);
        let who = Who::blind(rows.row, rows.language);
        let key = key::of_model(&loaded, who, lineup.device(), self.batch_size, &replies, &items);
        let key = key.map_err(EvaluationError::from)?;
        let questions = loaded.questions.clone();
        let answerer = BlindAnswerer::new(lineup, (rows.row, weights), replies, questions, self.batch_size);
        let mut answerer = answerer.await?;
        let task = Task {
            loaded,
            who: &rows.row.id,
            key,
            items,
            machine,
        };
        Ok(self.execute(task, &mut answerer, listener).await?)
    }

    /// A run of a model of the lineup, which is loaded if it was not. If its device is lost in the
    /// middle, and the lineup gets another one, the run goes on there from the last finished batch.
    ///
    /// # Errors
    /// A model that cannot be loaded, a question that the language model's tokenizer refuses, a
    /// transform that cannot be made, and a run that cannot go on.
    pub async fn model<S>(
        &self,
        mut loaded: Loaded,
        lineup: &mut Lineup<S>,
        rows: Rows<'_, Model>,
        machine: Machine,
        listener: Listener<'_>,
    ) -> Result<Done, S::Error>
    where
        S: FileSource,
        S::Error: From<EvaluationError> + Display,
    {
        let row = rows.row;
        let half = lineup.model(&row.id).await?.half();
        let language = lineup.language(&rows.language.id).await?;
        let replies = match self.by {
            By::Language => Replies::to(&loaded, &language).map_err(EvaluationError::from)?,
            By::Dense => Replies::Dense,
        };
        drop(language);
        loaded.transform = key::transform(row);
        let questions = Arc::new(loaded.questions.clone());
        let seen = Transform::read(&row.transform).map_err(|error| EvaluationError::from(VlmError::from(error)))?;
        let asked = loaded.limit.unwrap_or(questions.len()).min(questions.len());
        let gallery = Arc::new(match self.control {
            Some(Control::Shuffled) => Gallery::shuffled(questions, asked, seen),
            _ => Gallery::own(questions, asked, seen),
        });
        let items = key::items(&loaded, Some(&gallery));
        let who = Who::model(row, rows.language, self.control, half);
        let key = key::of_model(&loaded, who, lineup.device(), self.batch_size, &replies, &items);
        let key = key.map_err(EvaluationError::from)?;
        let mut answerer = ModelAnswerer::new(lineup, &row.id, replies, gallery, self.batch_size);
        let task = Task {
            loaded,
            who: &row.id,
            key,
            items,
            machine,
        };
        Ok(self.execute(task, &mut answerer, listener).await?)
    }

    /// Does what is left of a run.
    async fn execute(
        &self,
        task: Task<'_>,
        answerer: &mut impl Answerer,
        listener: Listener<'_>,
    ) -> Result<Done, EvaluationError> {
        let Task {
            loaded,
            who,
            key,
            items,
            machine,
        } = task;
        let folder = self.folder(&loaded, who);
        let finished = self
            .run(&folder, &loaded, (&key, &items), &machine, answerer, listener)
            .await?;
        Ok(Done {
            folder,
            loaded,
            finished,
        })
    }

    /// Does what is left of a run with any answerer. `what`: its key, and what is asked.
    ///
    /// # Errors
    /// Gold that cannot be scored, and a run that cannot go on.
    pub async fn run(
        &self,
        folder: &Path,
        loaded: &Loaded,
        (key, items): (&RunKey, &[Item]),
        machine: &Machine,
        answerer: &mut impl Answerer,
        listener: Listener<'_>,
    ) -> Result<Finished, EvaluationError> {
        let asked = loaded.asked();
        let scorer = tasks::scorer(&asked)?;
        let run = Run {
            folder,
            disk: &self.disk,
            key,
            items,
            shard: self.shard,
            limit: loaded.limit,
            machine,
            beside: &questions::files(&asked),
        };
        let mut show = |progress: Progress<'_>| listener(&progress, scorer.as_ref());
        Ok(run.execute(answerer, scorer.as_ref(), &mut show).await?)
    }
}
