//! `sightline merge`: the shards of a run become the run.

use std::path::PathBuf;

use serde::Serialize;
use sightline_eval::tasks;
use sightline_evaluation::native::{self, FileSystem};
use sightline_evaluation::questions;
use sightline_evaluation::run::{Machine, merge};

use crate::args::Merge;
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// What `--json` prints.
#[derive(Serialize)]
struct Merged {
    folder: String,
    shards: usize,
    answers: usize,
    /// Pictures that could not be read.
    unreadable: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Merge) -> Result<(), Failure> {
    let first = &args.shards[0];
    let above = || first.canonicalize().ok()?.parent().map(|folder| folder.to_owned());
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => above().ok_or_else(|| Failure::new(INPUT, format!("there is no folder {}", first.display())))?,
    };
    let same = |shard: &&PathBuf| {
        shard
            .canonicalize()
            .is_ok_and(|shard| folder.canonicalize().is_ok_and(|out| out == shard))
    };
    if let Some(shard) = args.shards.iter().find(same) {
        let problem = format!(
            "--out {} would write over a shard; name another folder",
            shard.display()
        );
        return Err(Failure::new(INPUT, problem));
    }
    let bar = output::spinner("putting the shards together");
    let loaded = pollster::block_on(questions::read(&FileSystem, first))?;
    let scorer = tasks::scorer(&loaded).or_fail(INPUT)?;
    let machine = Machine {
        memory: None,
        ..native::machine("merge".to_owned())
    };
    let beside = questions::files(&loaded);
    let merged = merge(&FileSystem, &args.shards, &folder, scorer.as_ref(), &machine, &beside);
    let finished = pollster::block_on(merged).or_fail(RUNNING)?;
    bar.finish_and_clear();
    if args.json {
        let merged = Merged {
            folder: folder.display().to_string(),
            shards: args.shards.len(),
            answers: finished.count,
            unreadable: finished.unreadable.len(),
        };
        return output::line(&serde_json::to_string_pretty(&merged).or_fail(RUNNING)?);
    }
    output::line(&format!(
        "{} answers of {} shards, in {}",
        finished.count,
        args.shards.len(),
        output::name(&folder)
    ))
}
