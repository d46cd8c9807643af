//! `sightline score`: answers made elsewhere; no model is loaded.

use std::path::Path;

use sightline_eval::benchmarks::row::Rule;
use sightline_eval::run::disk::FileSystem;
use sightline_eval::run::rescore;
use sightline_eval::scoring::Files;

use crate::args::Score;
use crate::commands::eval;
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &Score) -> Result<(), Failure> {
    if let Some(folder) = &args.run {
        return again(folder, args.json);
    }
    let (Some(id), Some(answers)) = (&args.task, &args.answers) else {
        return Err(Failure::new(2, "--task and --answers are needed, or --run"));
    };
    let rule = Rule::find(id).ok_or_else(|| Failure::new(2, format!("no task `{id}`")))?;
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
        answers: answers.clone(),
        gold: args.gold.clone(),
        questions: args.questions.clone(),
        transform: args.transform.clone(),
        partial: args.partial,
    };
    let scored = rule.score(&files).or_fail(INPUT)?;
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

/// Scores a finished run again.
fn again(folder: &Path, json: bool) -> Result<(), Failure> {
    let scorer = eval::scorer_of(folder)?;
    let report = rescore(&FileSystem, folder, scorer.as_ref()).or_fail(INPUT)?;
    if json {
        return output::line(&serde_json::to_string_pretty(&report.totals).or_fail(RUNNING)?);
    }
    output::print(&report.table.markdown())
}

/// Whether a path is one of the files that are read.
fn is_input(path: &Path, args: &Score) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let read = args
        .gold
        .iter()
        .chain(&args.answers)
        .chain(&args.questions)
        .chain(&args.transform);
    read.into_iter()
        .any(|file| file.canonicalize().is_ok_and(|file| file == path))
}
