//! `sightline tasks`: which benchmarks there are, and which of them can be run here.

use std::path::Path;

use sightline_eval::tasks::{DataPath, Subset, TASKS, Task, TaskFacts};

use crate::args::Tasks;
use crate::failure::{Failure, INPUT, OrFail, RUNNING, USAGE};
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &Tasks) -> Result<(), Failure> {
    let data = args.data.as_deref();
    if let Some(data) = data.filter(|data| !data.is_dir()) {
        let problem = format!(
            "--data {}: no such folder; name the one that holds the data",
            data.display()
        );
        return Err(Failure::new(INPUT, problem));
    }
    let mut tasks = Vec::new();
    for id in &args.ids {
        let unknown = || Failure::new(USAGE, format!("no task `{id}`; `sightline tasks` lists them"));
        tasks.push(Task::find(id).ok_or_else(unknown)?.0);
    }
    let chosen: &[&Task] = if tasks.is_empty() { &TASKS } else { &tasks };
    if args.json {
        let data = data.map(DataPath::from);
        let rows: Vec<TaskFacts> = chosen.iter().map(|task| task.facts(data.as_ref())).collect();
        return output::line(&serde_json::to_string_pretty(&rows).or_fail(RUNNING)?);
    }
    let text: Vec<String> = if tasks.is_empty() {
        table(data)
    } else {
        tasks.iter().map(|task| details(task, data)).collect()
    };
    output::line(&text.join("\n"))
}

/// Whether a task's files are there, in a word.
fn state(task: &Task, data: Option<&Path>) -> String {
    let Some(data) = data else {
        return String::new();
    };
    match (task.missing(data).len(), task.files.len()) {
        (0, _) => "here".to_owned(),
        (missing, all) => format!("{missing} of {all} files missing"),
    }
}

/// A line a task.
fn table(data: Option<&Path>) -> Vec<String> {
    let cells = |task: &&Task| {
        let split = task.split.to_owned();
        [
            task.id.to_owned(),
            grouped(task.count),
            split,
            task.metric.to_owned(),
            state(task, data),
        ]
    };
    let mut rows = vec![
        [
            "id",
            "questions",
            "split",
            "metric",
            if data.is_some() { "files" } else { "" },
        ]
        .map(str::to_owned),
    ];
    rows.extend(TASKS.iter().map(cells));
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..4).map(width).collect();
    let line = |row: &[String; 5]| {
        let [id, count, split, metric, state] = row;
        let (a, b, c, d) = (widths[0], widths[1], widths[2], widths[3]);
        format!("{id:a$}  {count:>b$}  {split:c$}  {metric:d$}  {state}")
            .trim_end()
            .to_owned()
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines[0] = output::bold(&lines[0]);
    lines.push("\nMore about one: sightline tasks ID. What is there: --data DIR.".to_owned());
    lines
}

/// All about a task.
fn details(task: &Task, data: Option<&Path>) -> String {
    let mut lines = vec![output::bold(task.id)];
    let mut say = |name: &str, text: &str| lines.push(format!("  {name:9}  {text}"));
    say("name", task.name);
    if !task.aliases.is_empty() {
        say("aliases", &task.aliases.join(", "));
    }
    say("questions", &format!("{}, {}", grouped(task.count), task.split));
    if !task.subsets().is_empty() {
        let named: Vec<String> = task
            .subsets()
            .iter()
            .map(|subset: &Subset| format!("{}{}", task.id, subset.suffix()))
            .collect();
        say("subsets", &named.join(", "));
    }
    say("metric", task.metric);
    if !task.choices.is_empty() {
        say("choices", &task.choices.join(", "));
    }
    say("version", &task.full_version());
    let missing = data.map(|data| task.missing(data));
    for (at, file) in task.files.iter().enumerate() {
        let is_missing = missing.as_ref().map(|missing| missing.contains(file));
        let found = match is_missing {
            None => "",
            Some(false) => ", here",
            Some(true) => ", missing",
        };
        let other = task
            .also
            .get(at)
            .map_or_else(String::new, |other| format!(" or {other}"));
        say(if at == 0 { "files" } else { "" }, &format!("{file}{other}{found}"));
    }
    for (at, exposure) in task.exposure.iter().enumerate() {
        say(
            if at == 0 { "seen" } else { "" },
            &format!("{}: {}", exposure.models, exposure.seen),
        );
    }
    lines.join("\n")
}

/// A count with a comma between thousands.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
