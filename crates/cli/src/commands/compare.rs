//! `sightline compare`: two models on the same questions.

use std::path::Path;

use sightline_eval::comparison::{Comparison, Pair, compare};

use crate::args::Compare;
use crate::commands::runs::{FinishedRun, by_task};
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Flipped questions that are listed per task without `--json`.
const LISTED: usize = 10;

/// Runs the command.
pub(crate) fn run(args: &Compare) -> Result<(), Failure> {
    let found = of(&args.a, &args.b)?;
    if args.json {
        return output::line(&serde_json::to_string_pretty(&found).or_fail(RUNNING)?);
    }
    output::line(&found.to_string())?;
    for task in found.tasks.iter().filter(|task| !task.flipped.is_empty()) {
        let ids: Vec<&str> = task
            .flipped
            .iter()
            .take(LISTED)
            .map(|flipped| flipped.id.as_str())
            .collect();
        let more = match task.flipped.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more (--json lists all)"),
        };
        output::line(&format!("flipped in {}: {}{more}", task.task, ids.join(", ")))?;
    }
    if args.answers {
        for task in &found.tasks {
            for other in &task.different {
                let [a, b] = &other.answers;
                let margins = other.margins.iter().flatten();
                let closest = margins
                    .copied()
                    .reduce(f32::min)
                    .map(|margin| format!(", margin {margin:.2e}"));
                let closest = closest.unwrap_or_default();
                output::line(&format!("{} {}: {a:?} and {b:?}{closest}", task.task, other.id))?;
            }
        }
    }
    Ok(())
}

/// Compares the tasks that two paths have in common.
pub(crate) fn of(a: &Path, b: &Path) -> Result<Comparison, Failure> {
    let (one, other) = (by_task(a)?, by_task(b)?);
    let mut tasks = Vec::new();
    for (task, first) in &one {
        if let Some(second) = other.get(task) {
            tasks.push((task.clone(), pairs(first, second)?));
        }
    }
    let name = |path: &Path| path.display().to_string();
    let nothing = || {
        Failure::new(
            INPUT,
            format!("{} and {} have no task in common", a.display(), b.display()),
        )
    };
    if tasks.is_empty() {
        return Err(nothing());
    }
    let bar = output::spinner("drawing pictures for the intervals");
    let found = compare([name(a), name(b)], &tasks).ok_or_else(nothing);
    bar.finish_and_clear();
    found
}

/// The same questions in two runs.
fn pairs<'a>(one: &'a FinishedRun, other: &'a FinishedRun) -> Result<Vec<Pair<'a>>, Failure> {
    let of_both = || format!("{} and {}", one.folder.display(), other.folder.display());
    let remedy = "run both with the same task, --limit, --offset and --ids";
    if one.key.task_version != other.key.task_version {
        let versions = format!("{} and {}", one.key.task_version, other.key.task_version);
        let problem = format!("{} are of two versions of the task, {versions}; {remedy}", of_both());
        return Err(Failure::new(INPUT, problem));
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
        return Err(Failure::new(INPUT, problem));
    }
    let pair = |at: usize| Pair {
        group: &one.groups[at],
        records: [&one.records[at], &other.records[at]],
        scores: [one.scores[at], other.scores[at]],
    };
    Ok((0..one.records.len()).map(pair).collect())
}
