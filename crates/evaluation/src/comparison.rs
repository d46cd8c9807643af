//! Two runs of the same questions, compared pair by pair.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use sightline_eval::interval::{Group, Headline, combine};
use sightline_eval::score::Score;
use sightline_eval::scorer::Record;
use sightline_eval::stats::{self, Combine, REPLICATES, SEED};

pub use crate::agreement::Different;
use crate::agreement::share;
use crate::error::EvaluationError;
use crate::finished::FinishedRun;

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
    /// Pictures that they are about.
    pub pictures: usize,
    /// Scores of both runs, 0 to 1.
    pub scores: [f64; 2],
    /// Where each lies with 95 % confidence.
    pub intervals95: [[f64; 2]; 2],
    /// Answers of each without the form that the benchmark wants, a share.
    pub invalid: [f64; 2],
    /// First minus second.
    pub difference: f64,
    /// Where the difference lies with 95 % confidence.
    pub interval95: [f64; 2],
    /// Two-sided; not below what so few pictures can show.
    pub p: f64,
    /// The same after Holm's adjustment over all tasks.
    pub p_holm: f64,
    /// Questions with another score.
    pub flipped: Vec<Flipped>,
    /// Share of the questions with the same answer, and the ends of its 95 % interval.
    pub same_answer: [f64; 3],
    /// Questions with another answer.
    pub different: Vec<Different>,
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
    /// The mean of the tasks' differences with its interval, and p; none for a single task.
    /// Pictures are drawn jointly: one that several tasks ask about is drawn for all of them.
    pub overall: Option<Overall>,
    /// [`CAVEAT`].
    pub caveat: &'static str,
}

/// Fewest pictures of a task that counts in the mean: in it every task weighs the same, and one of
/// a few questions would decide it.
pub const FEWEST: usize = 30;

/// The mean over tasks of [`FEWEST`] pictures or more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overall {
    /// How many tasks count.
    pub tasks: usize,
    /// Tasks with too few pictures.
    pub left_out: Vec<String>,
    /// Mean difference.
    pub difference: f64,
    /// Where it lies with 95 % confidence.
    pub interval95: [f64; 2],
    /// Two-sided.
    pub p: f64,
}

/// The pairs as the bootstrap takes them.
fn samples<'a>(
    pairs: &'a [Pair<'_>],
    picture: impl Fn(&'a Pair<'_>) -> &'a str,
) -> (Vec<stats::Sample<'a, 2>>, Combine) {
    let sample = |pair: &'a Pair<'_>| stats::Sample {
        image: picture(pair),
        setting: pair.group.setting,
        scores: pair.scores.map(|score| score.score),
    };
    let how = combine(pairs.iter().map(|pair| pair.group));
    (pairs.iter().map(sample).collect(), how)
}

/// Compares tasks: name and questions of each.
pub fn compare(names: [String; 2], tasks: &[(String, Vec<Pair<'_>>)]) -> Option<Comparison> {
    let mut compared = Vec::new();
    for (task, pairs) in tasks {
        let (list, how) = samples(pairs, |pair| &pair.group.image);
        let found = stats::compare(&list, how, SEED, REPLICATES)?;
        let alone = |run: usize| {
            Headline::of(
                &pairs
                    .iter()
                    .map(|pair| (pair.group, pair.scores[run]))
                    .collect::<Vec<_>>(),
            )
        };
        let alone = [alone(0)?, alone(1)?];
        let pictures = alone[0].pictures;
        let p = found.p.max(stats::least_p(pictures));
        let flipped = |pair: &Pair| {
            let scores = pair.scores.map(|score| score.score);
            let id = pair.records[0].id.clone();
            (scores[0] != scores[1]).then_some(Flipped { id, scores })
        };
        compared.push(TaskComparison {
            task: task.clone(),
            count: pairs.len(),
            pictures,
            scores: alone.each_ref().map(|one| one.interval.estimate),
            intervals95: alone.each_ref().map(|one| [one.interval.low, one.interval.high]),
            invalid: alone.each_ref().map(|one| one.invalid as f64 / one.count as f64),
            difference: found.interval.estimate,
            interval95: [found.interval.low, found.interval.high],
            p,
            p_holm: p,
            flipped: pairs.iter().filter_map(flipped).collect(),
            same_answer: share(pairs.iter().map(|pair| {
                let same = Different::of(pair.records).is_none();
                (pair.group.image.as_str(), same)
            }))?,
            different: pairs.iter().filter_map(|pair| Different::of(pair.records)).collect(),
        });
    }
    let adjusted = stats::holm(&compared.iter().map(|task| task.p).collect::<Vec<_>>());
    for (task, p) in compared.iter_mut().zip(adjusted) {
        task.p_holm = p;
    }
    Some(Comparison {
        names,
        overall: overall(tasks),
        tasks: compared,
        caveat: CAVEAT,
    })
}

/// Every task counts the same, as settings of one benchmark do. None where fewer than two have
/// enough pictures.
fn overall(tasks: &[(String, Vec<Pair<'_>>)]) -> Option<Overall> {
    let pictures = |pairs: &[Pair<'_>]| {
        let names: BTreeSet<&str> = pairs.iter().map(|pair| pair.group.image.as_str()).collect();
        names.len()
    };
    let (tasks, few): (Vec<_>, Vec<_>) = tasks.iter().partition(|(_, pairs)| pictures(pairs) >= FEWEST);
    if tasks.len() < 2 {
        return None;
    }
    // What was seen is a picture's name across tasks, also beside a control that sees none; a
    // picture without a file has only its task's name for it.
    let name = |task: &str, pair: &Pair| match pair.records.map(|record| record.image.as_deref()) {
        [Some(one), Some(other)] if one == other => one.to_owned(),
        [Some(one), None] | [None, Some(one)] => one.to_owned(),
        _ => format!("{task}/{}", pair.group.image),
    };
    let names: Vec<Vec<String>> = tasks
        .iter()
        .map(|(task, pairs)| pairs.iter().map(|pair| name(task, pair)).collect())
        .collect();
    let mut benchmarks = Vec::with_capacity(tasks.len());
    for ((_, pairs), names) in tasks.iter().zip(&names) {
        let (mut list, how) = samples(pairs, |pair| &pair.group.image);
        for (sample, name) in list.iter_mut().zip(names) {
            sample.image = name;
        }
        benchmarks.push((list, how));
    }
    let found = stats::compare_mean(&benchmarks, SEED, REPLICATES)?;
    let all: BTreeSet<&String> = names.iter().flatten().collect();
    Some(Overall {
        tasks: tasks.len(),
        left_out: few.into_iter().map(|(task, _)| task.clone()).collect(),
        difference: found.interval.estimate,
        interval95: [found.interval.low, found.interval.high],
        p: found.p.max(stats::least_p(all.len())),
    })
}

/// Compares the tasks that two lists of runs have in common, under these names.
///
/// # Errors
/// No task in common, and two runs of one task that are not about the same questions.
pub fn compare_runs(
    names: [String; 2],
    [one, other]: [&BTreeMap<String, FinishedRun>; 2],
) -> Result<Comparison, EvaluationError> {
    let mut tasks = Vec::new();
    for (task, first) in one {
        if let Some(second) = other.get(task) {
            tasks.push((task.clone(), pairs(first, second)?));
        }
    }
    let nothing = format!("{} and {} have no task in common", names[0], names[1]);
    let found = if tasks.is_empty() { None } else { compare(names, &tasks) };
    found.ok_or(EvaluationError::Unusable(nothing))
}

/// The same questions in two runs.
fn pairs<'a>(one: &'a FinishedRun, other: &'a FinishedRun) -> Result<Vec<Pair<'a>>, EvaluationError> {
    let of_both = || format!("{} and {}", one.folder.display(), other.folder.display());
    let remedy = "run both with the same task, --limit, --offset and --ids";
    if one.key.task_version != other.key.task_version {
        let versions = format!("{} and {}", one.key.task_version, other.key.task_version);
        let problem = format!("{} are of two versions of the task, {versions}; {remedy}", of_both());
        return Err(EvaluationError::Unusable(problem));
    }
    let id = |run: &FinishedRun, at: usize| {
        run.records
            .get(at)
            .map_or("none".to_owned(), |record| record.id.clone())
    };
    let longer = one.records.len().max(other.records.len());
    if let Some(at) = (0..longer).find(|at| id(one, *at) != id(other, *at)) {
        let (here, there) = (id(one, at), id(other, at));
        let problem = format!(
            "{} are not about the same questions: number {at} is {here} in the first and {there} in the second; {remedy}",
            of_both()
        );
        return Err(EvaluationError::Unusable(problem));
    }
    let pair = |at: usize| Pair {
        group: &one.groups[at],
        records: [&one.records[at], &other.records[at]],
        scores: [one.scores[at], other.scores[at]],
    };
    Ok((0..one.records.len()).map(pair).collect())
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let [a, b] = &self.names;
        writeln!(out, "A = {a}\nB = {b}\n")?;
        writeln!(
            out,
            "| task | n | A % [95 %] | B % [95 %] | A - B, points [95 %] | p | p (Holm) | flipped | same answer % | invalid A, B % |"
        )?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let percent = |[low, high]: [f64; 2]| format!("[{:.1}, {:.1}]", 100.0 * low, 100.0 * high);
        for task in &self.tasks {
            writeln!(
                out,
                "| {} | {} | {:.1} {} | {:.1} {} | {:+.1} {} | {:.4} | {:.4} | {} | {:.1} | {:.1}, {:.1} |",
                task.task,
                task.count,
                100.0 * task.scores[0],
                percent(task.intervals95[0]),
                100.0 * task.scores[1],
                percent(task.intervals95[1]),
                100.0 * task.difference,
                percent(task.interval95),
                task.p,
                task.p_holm,
                task.flipped.len(),
                100.0 * (task.count - task.different.len()) as f64 / task.count as f64,
                100.0 * task.invalid[0],
                100.0 * task.invalid[1],
            )?;
        }
        if let Some(overall) = &self.overall {
            let (difference, ends) = (100.0 * overall.difference, percent(overall.interval95));
            writeln!(
                out,
                "| mean of {} tasks | | | | {difference:+.1} {ends} | {:.4} | | | | |",
                overall.tasks, overall.p
            )?;
            if !overall.left_out.is_empty() {
                let left_out = overall.left_out.join(", ");
                writeln!(out, "\nNot in the mean, with fewer than {FEWEST} pictures: {left_out}.")?;
            }
        }
        write!(out, "\n{}", self.caveat)
    }
}

#[cfg(test)]
mod tests {
    use sightline_eval::scorer::Outcome;

    use super::*;

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
        assert!(found.tasks[0].different.is_empty(), "the same records");
        assert!(found.tasks[0].interval95[0] > 0.4 && found.tasks[0].p_holm < 0.01);
        assert_eq!((found.tasks[1].difference, found.tasks[1].p_holm), (0.0, 1.0));
        let overall = found.overall.as_ref().expect("two tasks");
        assert!((overall.difference - 1.0 / 3.0).abs() < 1e-9);
        assert!(found.to_string().contains("do not cover training seeds"));
    }

    /// Two pictures show nothing, however clear they are, and a task of two pictures is not worth
    /// as much as one of sixty.
    #[test]
    fn few_pictures_show_little() {
        let groups: Vec<Group> = (0..60)
            .map(|at| Group {
                image: at.to_string(),
                setting: 0,
            })
            .collect();
        let records: Vec<Record> = (0..60).map(record).collect();
        let pairs = |count: usize, pictures: usize| -> Vec<Pair<'_>> {
            let pair = |at: usize| Pair {
                group: &groups[at % pictures],
                records: [&records[at]; 2],
                scores: [1.0, 0.0].map(|score| Score {
                    score,
                    ..Score::default()
                }),
            };
            (0..count).map(pair).collect()
        };
        let names = || ["a".to_owned(), "b".to_owned()];
        let tasks = [
            ("two".to_owned(), pairs(36, 2)),
            ("sixty".to_owned(), pairs(60, 60)),
            ("more".to_owned(), pairs(60, 60)),
        ];
        let found = compare(names(), &tasks).expect("a comparison");
        assert_eq!((found.tasks[0].pictures, found.tasks[0].p), (2, 0.5));
        assert!(found.tasks[0].p_holm >= 0.5 && found.tasks[1].p_holm < 0.01);
        let overall = found.overall.as_ref().expect("two tasks with pictures enough");
        assert_eq!((overall.tasks, overall.left_out.clone()), (2, vec!["two".to_owned()]));
        assert!(found.to_string().contains("fewer than 30 pictures: two."), "{found}");
        assert!(compare(names(), &tasks[..2]).expect("a comparison").overall.is_none());
    }

    /// Two tasks that ask the same of the same pictures say no more than one of them: the interval
    /// of their mean is that of one.
    #[test]
    fn shared_pictures_are_drawn_for_all_tasks() {
        let groups: Vec<Group> = (0..80)
            .map(|at| Group {
                image: at.to_string(),
                setting: 0,
            })
            .collect();
        let unseeing: Vec<Record> = (0..80).map(record).collect();
        let seen = |shared: bool, control: bool| -> Comparison {
            let records: Vec<Vec<Record>> = (0..2)
                .map(|task| {
                    let image = |at: usize| Some(if shared { at.to_string() } else { format!("{task} {at}") });
                    (0..80)
                        .map(|at| Record {
                            image: image(at),
                            ..record(at)
                        })
                        .collect()
                })
                .collect();
            let pairs = |task: usize| -> Vec<Pair<'_>> {
                let pair = |at: usize| Pair {
                    group: &groups[at],
                    records: [
                        &records[task][at],
                        if control { &unseeing[at] } else { &records[task][at] },
                    ],
                    scores: [f64::from(at.is_multiple_of(2)), f64::from(at.is_multiple_of(3))].map(|score| Score {
                        score,
                        ..Score::default()
                    }),
                };
                (0..80).map(pair).collect()
            };
            let tasks = [("one".to_owned(), pairs(0)), ("two".to_owned(), pairs(1))];
            compare(["a".to_owned(), "b".to_owned()], &tasks).expect("a comparison")
        };
        let width = |found: &Comparison| {
            let [low, high] = found.overall.as_ref().expect("two tasks").interval95;
            high - low
        };
        let (together, apart) = (seen(true, false), seen(false, false));
        let [low, high] = together.tasks[0].interval95;
        assert!((width(&together) - (high - low)).abs() < 0.02, "{together}");
        assert!(width(&apart) < 0.8 * width(&together), "{apart}");
        // A control that looks at nothing leaves the pictures what they are.
        assert_eq!(width(&seen(true, true)), width(&together));
    }

    #[test]
    fn another_choice_is_another_answer() {
        let chosen = |shares: &[f32]| Record {
            outcome: Outcome::Probabilities(shares.to_vec()),
            margin: Some(0.5),
            ..record(0)
        };
        let of = |other: &[f32]| {
            let records = [chosen(&[0.4, 0.6]), chosen(other)];
            Different::of(records.each_ref()).map(|found| (found.answers, found.margins))
        };
        assert_eq!(of(&[0.3, 0.7]), None);
        let names = ["choice 1", "choice 0"].map(str::to_owned);
        assert_eq!(of(&[0.7, 0.3]), Some((names, [Some(0.5); 2])));
    }
}
