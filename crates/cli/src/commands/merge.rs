//! `sightline merge`: the shards of a run become the run.

use sightline_eval::run::disk::FileSystem;
use sightline_eval::run::{Machine, merge};
use sightline_eval::tasks;

use crate::args::Merge;
use crate::commands::eval::{host, read_questions, write_questions};
use crate::failure::{Failure, INPUT, OrFail, RUNNING};
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &Merge) -> Result<(), Failure> {
    let first = &args.shards[0];
    let above = || first.canonicalize().ok()?.parent().map(|folder| folder.to_owned());
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => above().ok_or_else(|| Failure::new(INPUT, format!("there is no folder {}", first.display())))?,
    };
    let loaded = read_questions(first)?;
    let scorer = tasks::scorer(&loaded).or_fail(INPUT)?;
    let machine = Machine {
        host: host(),
        device: "merge".to_owned(),
        memory: None,
    };
    let finished = merge(&FileSystem, &args.shards, &folder, scorer.as_ref(), &machine).or_fail(RUNNING)?;
    write_questions(&folder, &loaded)?;
    output::line(&format!(
        "{} answers of {} shards, in {}",
        finished.count,
        args.shards.len(),
        folder.display()
    ))
}
