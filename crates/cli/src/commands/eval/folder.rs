//! What a run's folder holds beside the run: the questions with their gold, so that it can be scored again and looked at without the
//! benchmark's files.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sightline_eval::rules::geometry::Transform;
use sightline_eval::run::Scorer;
use sightline_eval::run::error::RunError;
use sightline_eval::tasks::{self, Image, Loaded, Mode, Question};

use crate::failure::{Failure, INPUT, OrFail, RUNNING};

const TASK: &str = "task.json";
const QUESTIONS: &str = "questions.jsonl";

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

/// Writes what was asked.
pub(crate) fn write_questions(folder: &Path, loaded: &Loaded) -> Result<(), Failure> {
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
        lines += &serde_json::to_string(&line).or_fail(RUNNING)?;
        lines.push('\n');
    }
    let task = serde_json::to_string_pretty(&task).or_fail(RUNNING)? + "\n";
    for (name, text) in [(TASK, task), (QUESTIONS, lines)] {
        let path = folder.join(name);
        // In a run's folder a full disk has the run's own remedy.
        let cannot = |source| RunError::Disk {
            action: "write",
            path: path.clone(),
            source,
        };
        sightline_checkpoint::file::write_whole(&path, text.as_bytes())
            .map_err(cannot)
            .or_fail(RUNNING)?;
    }
    Ok(())
}

/// What was asked in a run; its pictures are not there.
pub(crate) fn read_questions(folder: &Path) -> Result<Loaded, Failure> {
    let read = |name: &str| {
        let path = folder.join(name);
        let remedy = "is it the folder of a finished run of `sightline eval`?";
        std::fs::read_to_string(&path)
            .map_err(|error| Failure::new(INPUT, format!("cannot read {} ({error}); {remedy}", path.display())))
    };
    let broken = |name: &str, line: usize, error: serde_json::Error| {
        let path = folder.join(name);
        Failure::new(
            INPUT,
            format!(
                "{} line {line}: {error}; run the evaluation again to write it anew",
                path.display()
            ),
        )
    };
    let task: Task = serde_json::from_str(&read(TASK)?).map_err(|error| broken(TASK, error.line(), error))?;
    let scorers = sightline_eval::benchmarks::RULES.iter().map(|rule| rule.id);
    let scored_as = scorers.clone().find(|id| **id == task.scored_as);
    let unknown = || {
        Failure::new(
            INPUT,
            format!(
                "{}: no scorer `{}`; is this program older?",
                folder.display(),
                task.scored_as
            ),
        )
    };
    let mut questions = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, text) in read(QUESTIONS)?.lines().enumerate() {
        let line: Line = serde_json::from_str(text).map_err(|error| broken(QUESTIONS, at + 1, error))?;
        if known.insert(line.id.clone(), at).is_some() {
            let problem = format!(
                "{}: the id {} is there twice",
                folder.join(QUESTIONS).display(),
                line.id
            );
            return Err(Failure::new(INPUT, problem));
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
pub(crate) fn scorer_of(folder: &Path) -> Result<Box<dyn Scorer>, Failure> {
    tasks::scorer(&read_questions(folder)?).or_fail(INPUT)
}
