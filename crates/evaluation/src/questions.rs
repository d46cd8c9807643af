//! What a run's folder holds beside the run: the questions with their gold, so that it can be
//! scored again and looked at without the benchmark's files.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sightline_eval::rules::geometry::Transform;
use sightline_eval::scorer::Scorer;
use sightline_eval::tasks::{self, Image, Loaded, Mode, Question};

use crate::error::EvaluationError;
use crate::run::Beside;
use crate::run::disk::Disk;
use crate::run::names::{QUESTIONS, TASK};

/// `task.json`.
#[derive(Serialize, Deserialize)]
struct Task {
    id: String,
    version: String,
    scored_as: String,
    /// Choices whose probabilities are taken; none for written answers.
    choices: Vec<String>,
    policy: Option<String>,
    target_resolution: Option<[f64; 2]>,
}

/// A line of `questions.jsonl`.
#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    prompt: String,
    /// Answers to choose from, where the question has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    gold: Map<String, Value>,
    image_key: String,
}

/// The files that say what was asked.
pub fn files(loaded: &Loaded) -> Vec<Beside> {
    let task = Task {
        id: loaded.id.clone(),
        version: loaded.version.clone(),
        scored_as: loaded.scored_as.to_owned(),
        choices: match &loaded.mode {
            Mode::Text | Mode::Options(_) => Vec::new(),
            Mode::Choices(choices) => choices.clone(),
        },
        policy: loaded.transform.policy.clone(),
        target_resolution: loaded.transform.target_resolution,
    };
    let mut lines = String::new();
    for question in &loaded.questions {
        let line = Line {
            id: question.id.clone(),
            prompt: question.prompt.clone(),
            options: question.options.clone(),
            gold: question.gold.clone(),
            image_key: question.image_key.clone(),
        };
        lines += &serde_json::to_string(&line).expect("texts and numbers become JSON");
        lines.push('\n');
    }
    let task = serde_json::to_string_pretty(&task).expect("texts and numbers become JSON") + "\n";
    let file = |name, text: String| Beside {
        name,
        bytes: text.into_bytes(),
    };
    vec![file(TASK, task), file(QUESTIONS, lines)]
}

/// The text of one of these files.
async fn text(disk: &impl Disk, folder: &Path, name: &str) -> Result<String, EvaluationError> {
    let path = folder.join(name);
    let cannot = |problem: String| {
        let remedy = "is it the folder of a finished run of `sightline eval`?";
        EvaluationError::Unusable(format!("cannot read {} ({problem}); {remedy}", path.display()))
    };
    let bytes = disk.read(&path).await.map_err(|error| cannot(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| cannot("there is no such file".to_owned()))?;
    String::from_utf8(bytes).map_err(|error| cannot(error.to_string()))
}

/// What was asked in a run; its pictures are not there.
///
/// # Errors
/// Files that are missing, damaged, or of a task that is scored by an unknown rule.
pub async fn read(disk: &impl Disk, folder: &Path) -> Result<Loaded, EvaluationError> {
    let broken = |name: &str, line: usize, error: serde_json::Error| {
        let path = folder.join(name);
        EvaluationError::Unusable(format!(
            "{} line {line}: {error}; run the evaluation again to write it anew",
            path.display()
        ))
    };
    let task: Task =
        serde_json::from_str(&text(disk, folder, TASK).await?).map_err(|error| broken(TASK, error.line(), error))?;
    let scorers = sightline_eval::benchmarks::RULES.iter().map(|rule| rule.id);
    let scored_as = scorers.clone().find(|id| **id == task.scored_as);
    let unknown = || {
        EvaluationError::Unusable(format!(
            "{}: no scorer `{}`; is this program older?",
            folder.display(),
            task.scored_as
        ))
    };
    let mut questions = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, line) in text(disk, folder, QUESTIONS).await?.lines().enumerate() {
        let line: Line = serde_json::from_str(line).map_err(|error| broken(QUESTIONS, at + 1, error))?;
        if known.insert(line.id.clone(), at).is_some() {
            let problem = format!(
                "{}: the id {} is there twice",
                folder.join(QUESTIONS).display(),
                line.id
            );
            return Err(EvaluationError::Unusable(problem));
        }
        questions.push(Question {
            id: line.id,
            image: Image::File(Default::default()),
            image_key: line.image_key,
            image_sha256: None,
            options: line.options,
            prompt: line.prompt,
            gold: line.gold,
        });
    }
    Ok(Loaded {
        id: task.id,
        version: task.version,
        aggregate: None,
        scored_as: scored_as.ok_or_else(unknown)?,
        mode: Mode::of(task.choices, &questions),
        transform: Transform {
            policy: task.policy,
            target_resolution: task.target_resolution,
        },
        order: None,
        limit: None,
        questions,
    })
}

/// What scores the samples of a run's folder.
///
/// # Errors
/// As [`read`], and gold that the rule cannot read.
pub async fn scorer(disk: &impl Disk, folder: &Path) -> Result<Box<dyn Scorer>, EvaluationError> {
    Ok(tasks::scorer(&read(disk, folder).await?)?)
}
