//! Two runs of the same questions, compared pair by pair.

use std::fmt;

use serde::Serialize;

use crate::run::Record;
use crate::score::Score;
use crate::stats::{self, REPLICATES, SEED};
use crate::tasks::interval::{Group, combine};

/// What no comparison of two runs can say.
pub const CAVEAT: &str = "Intervals and p values cover the choice of pictures. They do not cover training seeds: one seed a model is no verdict on its \
                          architecture.";

/// A question as both runs answered it.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// Its picture and setting.
    pub group: &'a Group,
    /// The records.
    pub records: [&'a Record; 2],
    /// Their scores.
    pub scores: [Score; 2],
}

/// A task in both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskComparison {
    /// Id of the task.
    pub task: String,
    /// Questions.
    pub count: usize,
    /// Scores of both runs, 0 to 1.
    pub scores: [f64; 2],
    /// First minus second.
    pub difference: f64,
    /// Where the difference lies with 95 % confidence.
    pub interval95: [f64; 2],
    /// Two-sided.
    pub p: f64,
    /// The same after Holm's adjustment over all tasks.
    pub p_holm: f64,
    /// Questions with another score.
    pub flipped: Vec<Flipped>,
}

/// A question whose score differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flipped {
    /// Its id.
    pub id: String,
    /// Both scores.
    pub scores: [f64; 2],
}

/// All tasks of two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Names of the runs.
    pub names: [String; 2],
    /// Task by task.
    pub tasks: Vec<TaskComparison>,
    /// The mean of the tasks' differences with its interval, and p; none for a single task. Pictures are drawn within each task.
    pub overall: Option<Overall>,
    /// [`CAVEAT`].
    pub caveat: &'static str,
}

/// The mean over tasks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overall {
    /// Mean difference.
    pub difference: f64,
    /// Where it lies with 95 % confidence.
    pub interval95: [f64; 2],
    /// Two-sided.
    pub p: f64,
}

fn samples<'a>(pairs: &[Pair<'a>], task: usize) -> Vec<(String, usize, [f64; 2])> {
    pairs
        .iter()
        .map(|pair| {
            let image = format!("{task}/{}", pair.group.image);
            (image, pair.group.setting, pair.scores.map(|score| score.score))
        })
        .collect()
}

/// Compares tasks: name and questions of each.
pub fn compare(names: [String; 2], tasks: &[(String, Vec<Pair<'_>>)]) -> Option<Comparison> {
    let mut compared = Vec::new();
    for (task, pairs) in tasks {
        let list: Vec<stats::Sample<2>> = pairs
            .iter()
            .map(|pair| stats::Sample {
                image: &pair.group.image,
                setting: pair.group.setting,
                scores: pair.scores.map(|score| score.score),
            })
            .collect();
        let how = combine(pairs.iter().map(|pair| pair.group));
        let found = stats::compare(&list, how, SEED, REPLICATES)?;
        let alone = |run: usize| {
            let list: Vec<stats::Sample<1>> = list
                .iter()
                .map(|sample| stats::Sample {
                    image: sample.image,
                    setting: sample.setting,
                    scores: [sample.scores[run]],
                })
                .collect();
            stats::bootstrap(&list, how, SEED, 1).map(|interval| interval.estimate)
        };
        let flipped = |pair: &Pair| {
            let scores = pair.scores.map(|score| score.score);
            let id = pair.records[0].id.clone();
            (scores[0] != scores[1]).then_some(Flipped { id, scores })
        };
        compared.push(TaskComparison {
            task: task.clone(),
            count: pairs.len(),
            scores: [alone(0)?, alone(1)?],
            difference: found.interval.estimate,
            interval95: [found.interval.low, found.interval.high],
            p: found.p,
            p_holm: found.p,
            flipped: pairs.iter().filter_map(flipped).collect(),
        });
    }
    let adjusted = stats::holm(&compared.iter().map(|task| task.p).collect::<Vec<_>>());
    for (task, p) in compared.iter_mut().zip(adjusted) {
        task.p_holm = p;
    }
    Some(Comparison {
        names,
        overall: (tasks.len() > 1).then(|| overall(tasks)).flatten(),
        tasks: compared,
        caveat: CAVEAT,
    })
}

/// Every task counts the same, as settings of one benchmark do.
fn overall(tasks: &[(String, Vec<Pair<'_>>)]) -> Option<Overall> {
    let rows: Vec<(String, usize, [f64; 2])> = tasks
        .iter()
        .enumerate()
        .flat_map(|(at, (_, pairs))| {
            samples(pairs, at)
                .into_iter()
                .map(move |(image, _, scores)| (image, at, scores))
        })
        .collect();
    let list: Vec<stats::Sample<2>> = rows
        .iter()
        .map(|(image, setting, scores)| stats::Sample {
            image,
            setting: *setting,
            scores: *scores,
        })
        .collect();
    let found = stats::compare(&list, stats::Combine::MeanOfSettings, SEED, REPLICATES)?;
    Some(Overall {
        difference: found.interval.estimate,
        interval95: [found.interval.low, found.interval.high],
        p: found.p,
    })
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let [a, b] = &self.names;
        writeln!(out, "A = {a}\nB = {b}\n")?;
        writeln!(
            out,
            "| task | n | A % | B % | A - B, points [95 %] | p | p (Holm) | flipped |"
        )?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for task in &self.tasks {
            let [low, high] = task.interval95.map(|end| 100.0 * end);
            writeln!(
                out,
                "| {} | {} | {:.1} | {:.1} | {:+.1} [{low:.1}, {high:.1}] | {:.4} | {:.4} | {} |",
                task.task,
                task.count,
                100.0 * task.scores[0],
                100.0 * task.scores[1],
                100.0 * task.difference,
                task.p,
                task.p_holm,
                task.flipped.len()
            )?;
        }
        if let Some(overall) = &self.overall {
            let [low, high] = overall.interval95.map(|end| 100.0 * end);
            let difference = 100.0 * overall.difference;
            writeln!(
                out,
                "| mean of tasks | | | | {difference:+.1} [{low:.1}, {high:.1}] | {:.4} | | |",
                overall.p
            )?;
        }
        write!(out, "\n{}", self.caveat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Outcome;

    fn record(id: usize) -> Record {
        Record {
            index: id,
            id: id.to_string(),
            key: String::new(),
            image: None,
            outcome: Outcome::Text(String::new()),
            margin: None,
        }
    }

    #[test]
    fn a_clear_difference_is_one_and_none_is_none() {
        let groups: Vec<Group> = (0..60)
            .map(|at| Group {
                image: (at / 2).to_string(),
                setting: 0,
            })
            .collect();
        let records: Vec<Record> = (0..60).map(record).collect();
        let pairs = |scores: fn(usize) -> [f64; 2]| -> Vec<Pair<'_>> {
            let pair = |at: usize| Pair {
                group: &groups[at],
                records: [&records[at]; 2],
                scores: scores(at).map(|score| Score {
                    score,
                    ..Score::default()
                }),
            };
            (0..60).map(pair).collect()
        };
        let tasks = [
            ("clear".to_owned(), pairs(|at| [1.0, f64::from(at % 3 == 0)])),
            ("none".to_owned(), pairs(|at| [f64::from(at % 2 == 0); 2])),
        ];
        let found = compare(["a".to_owned(), "b".to_owned()], &tasks).expect("a comparison");
        assert_eq!((found.tasks[0].flipped.len(), found.tasks[1].flipped.len()), (40, 0));
        assert!(found.tasks[0].interval95[0] > 0.4 && found.tasks[0].p_holm < 0.01);
        assert_eq!((found.tasks[1].difference, found.tasks[1].p_holm), (0.0, 1.0));
        let overall = found.overall.expect("two tasks");
        assert!((overall.difference - 1.0 / 3.0).abs() < 1e-9);
        assert!(found.to_string().contains("do not cover training seeds"));
    }
}
