//! `sightline report`: runs as one HTML file.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sightline_eval::tasks::{DataPath, Task};
use sightline_evaluation::report::{Column, TaskRow, Wanted, build, tasks_of};
use sightline_evaluation::run::names;

use super::runs::by_task;
use crate::args::Report;
use crate::failure::{Failure, OrFail, RUNNING};
use crate::output;

/// What `--json` prints.
#[derive(Serialize)]
struct Written<'a> {
    /// The HTML file.
    out: String,
    /// The Markdown file, if one was asked for.
    table: Option<String>,
    runs: &'a [String],
    tasks: &'a [TaskRow],
    aggregates: &'a [(String, Vec<String>)],
    /// Number of answers to look at.
    samples: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Report) -> Result<(), Failure> {
    let mut columns = Vec::new();
    for path in &args.runs {
        columns.push(Column::new(by_task(path)?, &path.display().to_string()));
    }
    check_outputs(args, &columns)?;
    let bar = output::count_bar(tasks_of(&columns).len().saturating_mul(args.samples), "");
    let data = args.data.as_deref().map(DataPath::from);
    let wanted = Wanted {
        title: &args.title,
        samples: args.samples,
        data: data.as_ref(),
    };
    let built = build(&columns, &wanted, &mut |task| {
        bar.set_message(task.to_owned());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let built = built?;
    output::check(&outputs(args), built.pictures.iter().map(PathBuf::as_path))?;
    let page = built.page;
    output::write(&args.out, page.html().or_fail(RUNNING)?.as_bytes())?;
    if let Some(path) = &args.table {
        output::write(path, page.markdown().as_bytes())?;
    }
    if args.json {
        let written = Written {
            out: args.out.display().to_string(),
            table: args.table.as_ref().map(|path| path.display().to_string()),
            runs: &page.runs,
            tasks: &page.tasks,
            aggregates: &page.aggregates,
            samples: page.samples.len(),
        };
        return output::line(&serde_json::to_string_pretty(&written).or_fail(RUNNING)?);
    }
    output::line(&format!(
        "{} tasks, {} answers to look at: {}",
        page.tasks.len(),
        page.samples.len(),
        output::name(&args.out)
    ))
}

/// The files that are written, each with its option.
fn outputs(args: &Report) -> [(&'static str, Option<&Path>); 2] {
    [("--out", Some(args.out.as_path())), ("--table", args.table.as_deref())]
}

/// Refuses to write over a run, or over the benchmarks' own files.
fn check_outputs(args: &Report, columns: &[Column]) -> Result<(), Failure> {
    let runs = columns.iter().flat_map(|column| column.runs.values());
    let mut inputs: Vec<PathBuf> = runs
        .flat_map(|run| names::ALL.map(|name| run.folder.join(name)))
        .collect();
    if let Some(data) = &args.data {
        let tasks = tasks_of(columns).into_iter().filter_map(Task::find);
        let files = tasks.flat_map(|(task, _)| task.files.iter().chain(task.also));
        inputs.extend(files.map(|file| data.join(file)));
    }
    output::check(&outputs(args), inputs.iter().map(PathBuf::as_path))
}
