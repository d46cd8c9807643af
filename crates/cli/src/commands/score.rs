//! `sightline score`: answers made elsewhere; no model is loaded.

use std::path::Path;

use sightline_eval::task::{Files, Task};

use crate::args::Score;
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &Score) -> Result<(), Failure> {
    let task = Task::find(&args.task).ok_or_else(|| Failure::new(2, format!("no task `{}`", args.task)))?;
    if let Some(out) = &args.per_sample
        && is_input(out, args)
    {
        let problem = format!(
            "--per-sample {} would write over what is read; name another file",
            out.display()
        );
        return Err(Failure::new(INPUT, problem));
    }
    let files = Files {
        answers: args.answers.clone(),
        gold: args.gold.clone(),
        questions: args.questions.clone(),
        transform: args.transform.clone(),
        partial: args.partial,
    };
    let scored = task.score(&files).or_fail(INPUT)?;
    if let Some(path) = &args.per_sample {
        scored
            .write_samples(path)
            .map_err(|error| Failure::new(RUNNING, format!("cannot write {}: {error}", path.display())))?;
    }
    if args.json {
        return output::line(&serde_json::to_string_pretty(&scored.summary).or_fail(RUNNING)?);
    }
    output::print(&scored.summary.to_string())
}

/// Whether a path is one of the files that are read.
fn is_input(path: &Path, args: &Score) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let read = args
        .gold
        .iter()
        .chain([&args.answers])
        .chain(&args.questions)
        .chain(&args.transform);
    read.into_iter()
        .any(|file| file.canonicalize().is_ok_and(|file| file == path))
}
