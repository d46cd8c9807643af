//! What pages and engine tell each other about an evaluation.

use serde::{Deserialize, Serialize};

use crate::outside::kind_outside;

/// What a page asks of the engine about evaluations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "evaluate", rename_all = "snake_case")]
pub enum EvaluateCommand {
    /// Which tasks and which runs are there: [`EvaluateEvent::Tasks`] and [`EvaluateEvent::Runs`].
    Look,
    /// A folder of benchmarks. Its files come beside the message, in the order of `paths`. Answered
    /// by [`EvaluateEvent::Tasks`].
    Open {
        /// The folder's name.
        name: String,
        /// Path of every file below the folder.
        paths: Vec<String>,
    },
    /// Evaluates; needs loaded models where models answer. Answered by [`EvaluateEvent::Progress`]
    /// and at the end [`EvaluateEvent::Ended`] and [`EvaluateEvent::Runs`].
    Run(EvaluateJob),
    /// Ends a [`EvaluateCommand::Run`] after the batch that is being answered. It overtakes.
    Stop,
    /// The report of all finished runs: [`EvaluateEvent::Report`].
    Report,
    /// All runs as a zip file: [`EvaluateEvent::Exported`].
    Export,
    /// Holds runs that come beside the message against those of this browser: folders of runs, a
    /// zip file of them, or a `samples.jsonl`. Answered by [`EvaluateEvent::Agreed`].
    Agree {
        /// [`RunInfo::folder`] of the run to compare; none for each with the one of its task and
        /// name.
        folder: Option<String>,
        /// Path of every file that comes beside the message.
        paths: Vec<String>,
    },
    /// Removes a run from this browser. Answered by [`EvaluateEvent::Runs`].
    Remove {
        /// [`RunInfo::folder`].
        folder: String,
    },
}

/// What is evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateJob {
    /// Id of the task.
    pub task: String,
    /// At most so many questions, drawn from all; none for all.
    pub limit: Option<u32>,
    /// Questions that are answered at once.
    pub batch_size: u32,
    /// The part to do: its number, from 0, and how many parts there are.
    pub shard: Option<[u32; 2]>,
    /// Ids of models.
    pub models: Vec<String>,
    /// What answers beside them.
    pub controls: Vec<EvaluateControl>,
    /// Whether the dense heads of the models answer as well: the task asks for boxes.
    #[serde(default)]
    pub dense: bool,
    /// Name of the folder that the task was in; none where its pictures are made here.
    #[serde(default)]
    pub folder: Option<String>,
}

/// An answer to compare a model's with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluateControl {
    /// The answer that is most often right.
    Majority,
    /// The right answer to a random question.
    Chance,
    /// Every model of the job, with the picture of another question.
    Shuffled,
}

kind_outside! {
    /// What the engine tells a page about evaluations.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "evaluate", rename_all = "snake_case")]
    pub enum EvaluateEvent as "EvaluateEvent" {
        /// What can be evaluated.
        Tasks {
            /// Name of the folder that was opened, and how many files it has; none before.
            folder: Option<(String, u32)>,
            /// Every task.
            tasks: Vec<TaskInfo>,
        },
        /// Every run that is there.
        Runs {
            /// Whether this browser keeps them for the next visit.
            kept: bool,
            /// By task, and then by who answered.
            runs: Vec<RunInfo>,
            /// Models beside each other, and beside their controls.
            compared: Vec<ComparedInfo>,
            /// A job that was cut off, with which a visit may go on.
            unfinished: Option<EvaluateJob>,
        },
        /// How far the run of one who answers is.
        Progress(EvaluateProgress),
        /// A job has ended.
        Ended {
            /// The visitor ended it.
            stopped: bool,
        },
        /// Something cannot be done; the engine goes on.
        Failed {
            /// Why, and what would help.
            sentence: String,
        },
        /// The report, an HTML file that needs nothing else.
        Report {
            /// The file.
            html: String,
            /// What it shows, as JSON: for the `report.html` of the built page.
            data: String,
        },
        /// All runs.
        Exported {
            /// Number of runs.
            runs: u32,
            /// A zip file.
            #[serde(with = "serde_bytes")]
            zip: Vec<u8>,
        },
        /// Runs beside those of another device.
        Agreed {
            /// By task, and then by who answered.
            runs: Vec<AgreementInfo>,
            /// What was opened and has no counterpart in this browser: task and who answered.
            alone: Vec<String>,
        },
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Its id.
    pub id: String,
    /// What it is, in a few words.
    pub name: String,
    /// Its split.
    pub split: String,
    /// Questions in full.
    pub questions: u32,
    /// What is measured.
    pub metric: String,
    /// Whether its pictures are made here, without any file of the visitor's.
    pub made: bool,
    /// Whether it asks for boxes, which dense heads answer as well.
    pub boxes: bool,
    /// Files that it wants in the folder.
    pub files: Vec<String>,
    /// Those that are not there; none of a task that is made.
    pub missing: Vec<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Its folder.
    pub folder: String,
    /// Id of the task.
    pub task: String,
    /// Who answered: a model, a control, or a model under a control.
    pub who: String,
    /// Questions that are asked.
    pub count: u32,
    /// Of them those that are answered.
    pub done: u32,
    /// Which part of a run it is: `0/4`.
    pub shard: Option<String>,
    /// Score and ends of its 95 % interval, 0 to 1; none of a run that is not finished.
    pub score: Option<[f64; 3]>,
    /// How the interval was made.
    pub method: String,
    /// Invalid answers, a share.
    pub invalid: f64,
    /// What computed, and in which number format.
    pub device: String,
    /// Why it cannot be read, if that is so.
    pub problem: Option<String>,
}

/// Two runs of a task beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedInfo {
    /// Who answered.
    pub names: [String; 2],
    /// Id of the task.
    pub task: String,
    /// Questions.
    pub count: u32,
    /// Pictures.
    pub pictures: u32,
    /// First minus second, and the ends of its 95 % interval; 0 to 1.
    pub difference: [f64; 3],
    /// Two-sided, after Holm's adjustment over the tasks of the two.
    pub p: f64,
    /// Questions with another score.
    pub flipped: u32,
    /// Share of the questions with the same answer, and the ends of its 95 % interval; 0 to 1.
    pub same: [f64; 3],
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateProgress {
    /// Id of the task.
    pub task: String,
    /// Who answers.
    pub who: String,
    /// Number of this run in the job, from 1, and of how many.
    pub place: [u32; 2],
    /// Answers that are kept.
    pub done: u32,
    /// Answers in all.
    pub of: u32,
    /// Answers that were there before.
    pub resumed: u32,
    /// Mean score of all answers that are kept, and the ends of its 95 % interval; 0 to 1.
    pub score: Option<[f64; 3]>,
    /// Estimated seconds until the run ends.
    pub seconds_left: Option<f64>,
}

/// Whether two runs say the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementInfo {
    /// Id of the task.
    pub task: String,
    /// Who answered.
    pub who: String,
    /// What each computed on; none of the other run where its key did not come.
    pub devices: [Option<String>; 2],
    /// Questions that both answered about the same picture.
    pub count: u32,
    /// Of them those with the same answer.
    pub equal: u32,
    /// Their share and the ends of its 95 % interval, 0 to 1; none of no question.
    pub share: Option<[f64; 3]>,
    /// Largest difference of a choice's probability.
    pub probability: Option<f64>,
    /// Questions of this browser's run that the other does not have.
    pub alone: u32,
    /// Questions of the other run that this browser's does not have.
    pub theirs_alone: u32,
    /// Questions that both have, about different pictures.
    pub other_pictures: u32,
    /// Every setting and every hash of a model's file that differs: its name, the value here, and
    /// the value there.
    pub settings: Vec<[String; 3]>,
    /// The first questions with another answer: id, and both answers.
    pub different: Vec<(String, [String; 2])>,
}
