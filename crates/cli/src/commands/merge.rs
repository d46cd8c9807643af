//! `sightline merge`: the shards of a run become the run.

use serde::Serialize;
use sightline_evaluation::native::merge_shards;

use crate::args::Merge;
use crate::failure::{Failure, OrFail, RUNNING};
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
    let bar = output::spinner("putting the shards together");
    let merged = pollster::block_on(merge_shards(&args.shards, args.out.as_deref()));
    bar.finish_and_clear();
    let (folder, finished) = merged?;
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
