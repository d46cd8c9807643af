//! Finished runs, read back.

use std::collections::BTreeMap;
use std::path::Path;

use sightline_evaluation::native::{FileSystem, folders};
use sightline_evaluation::{FinishedRun, by_task as read};

use crate::failure::Failure;
use crate::output;

/// The runs that a path stands for, by task.
pub(crate) fn by_task(path: &Path) -> Result<BTreeMap<String, FinishedRun>, Failure> {
    let folders = folders(path)?;
    let bar = output::count_bar(folders.len(), "");
    let mut reading = |folder: &Path| {
        bar.set_message(format!("reading {}", output::name(folder)));
        bar.inc(1);
    };
    let runs = pollster::block_on(read(&FileSystem, &folders, &mut reading));
    bar.finish_and_clear();
    Ok(runs?)
}
