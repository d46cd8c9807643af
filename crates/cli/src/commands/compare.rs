//! `sightline compare`: two models on the same questions.

use std::path::Path;

use sightline_evaluation::comparison::{Comparison, compare_runs};

use super::runs::by_task;
use crate::args::Compare;
use crate::failure::{Failure, OrFail, RUNNING};
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
fn of(a: &Path, b: &Path) -> Result<Comparison, Failure> {
    let (one, other) = (by_task(a)?, by_task(b)?);
    let bar = output::spinner("drawing pictures for the intervals");
    let names = [a, b].map(|path| path.display().to_string());
    let found = compare_runs(names, [&one, &other]);
    bar.finish_and_clear();
    Ok(found?)
}
