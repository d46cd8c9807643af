//! `sightline score`: answers made elsewhere; no model is loaded.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use sightline_checkpoint::file::Pending;
use sightline_eval::benchmarks::row::Rule;
use sightline_eval::scoring::Files;
use sightline_evaluation::native::FileSystem;
use sightline_evaluation::questions;
use sightline_evaluation::run::rescore;

use crate::args::Score;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE};
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &Score) -> Result<(), Failure> {
    if let Some(folder) = &args.run {
        return again(folder, args.json);
    }
    let (Some(id), Some(answers)) = (&args.task, &args.answers) else {
        return Err(Failure::new(USAGE, "--task and --answers are needed, or --run"));
    };
    let rule = Rule::find(id).ok_or_else(|| Failure::new(USAGE, format!("no task `{id}`")))?;
    let read = args
        .gold
        .iter()
        .chain([answers])
        .chain(&args.questions)
        .chain(&args.transform);
    output::check(
        &[("--per-sample", args.per_sample.as_deref())],
        read.map(PathBuf::as_path),
    )?;
    let files = Files {
        answers: answers.clone(),
        gold: args.gold.clone(),
        questions: args.questions.clone(),
        transform: args.transform.clone(),
        partial: args.partial,
    };
    let scored = rule.score(&files).or_fail(INPUT)?;
    if let Some(path) = &args.per_sample {
        let write = || {
            let mut out = BufWriter::new(Pending::create(path)?);
            scored.write_samples(&mut out)?;
            out.into_inner()?.commit()
        };
        write().map_err(|error| output::cannot_write(path, &error))?;
    }
    if args.json {
        return output::line(&serde_json::to_string_pretty(&scored.summary).or_fail(RUNNING)?);
    }
    output::print(&scored.summary.to_string())
}

/// Scores a finished run again.
fn again(folder: &Path, json: bool) -> Result<(), Failure> {
    let scorer = pollster::block_on(questions::scorer(&FileSystem, folder))?;
    let report = pollster::block_on(rescore(&FileSystem, folder, scorer.as_ref())).or_fail(INPUT)?;
    if json {
        return output::line(&serde_json::to_string_pretty(&report.totals).or_fail(RUNNING)?);
    }
    output::print(&report.table.markdown())
}
