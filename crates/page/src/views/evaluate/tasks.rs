//! Every task, and what is missing for it.

use sightline_messages::TaskInfo;
use web_sys::{Event, HtmlElement, HtmlInputElement};

use super::{row, tell};
use crate::attached;
use crate::dom::{by_id, clear, make, on_id, put, set_text, show};
use crate::lab::evaluating::Input;
use crate::views::{Now, Seen, View};

const LABELS: [&str; 5] = ["Task", "What it is", "Questions", "Measured", "Files"];

pub(in crate::views) struct Tasks {
    seen: Seen<Vec<TaskInfo>>,
}

impl Default for Tasks {
    fn default() -> Self {
        on_id("folder", "change", |_| {
            let Some(input) = by_id::<HtmlInputElement>("folder") else {
                return;
            };
            if let Some(files) = input.files().filter(|files| files.length() > 0) {
                attached::with(&files, |name, paths| {
                    let name = name.unwrap_or_else(|| "Files".into());
                    tell(Input::Opened { name, paths });
                });
            }
            // The same folder may be opened again.
            input.set_value("");
        });
        on_id("folder", "opened", |event| {
            attached::with_event(&event, |name, paths| tell(Input::Opened { name, paths }));
        });
        // A folder of an earlier visit may be there.
        if let (Some(input), Ok(event)) = (by_id::<HtmlElement>("folder"), Event::new("listening")) {
            let _ = input.dispatch_event(&event);
        }
        Self { seen: Seen::default() }
    }
}

impl View for Tasks {
    fn show(&mut self, now: &Now<'_>) {
        let tasks = &now.lab.evaluating.tasks;
        if !self.seen.is_new(tasks.clone()) {
            return;
        }
        let ready = tasks.iter().filter(|task| task.missing.is_empty()).count();
        set_text(
            "tasks-summary",
            &format!("All {} tasks, {ready} of them ready", tasks.len()),
        );
        let Some(body) = by_id::<HtmlElement>("task-rows") else {
            return;
        };
        clear(&body);
        for task in in_order(tasks) {
            let cells = [
                task.id.clone(),
                format!("{}: {}", task.name, task.split),
                task.questions.to_string(),
                task.metric.clone(),
                files(task),
            ];
            row(&body, &LABELS, &cells);
        }
        lacking(tasks);
    }
}

/// Those that are ready, then those of which a part is there, and the others.
fn in_order(tasks: &[TaskInfo]) -> Vec<&TaskInfo> {
    let mut all: Vec<&TaskInfo> = tasks.iter().collect();
    all.sort_by_key(|task| (!task.missing.is_empty(), !is_begun(task)));
    all
}

/// Whether the folder has a part of its files.
fn is_begun(task: &TaskInfo) -> bool {
    !task.missing.is_empty() && task.missing.len() < task.files.len()
}

/// What is missing of tasks that are there in part: what a visitor who opened a folder wants to
/// know first.
fn lacking(tasks: &[TaskInfo]) {
    let begun: Vec<&TaskInfo> = tasks.iter().filter(|task| is_begun(task)).collect();
    show("lacking", !begun.is_empty());
    let Some(list) = by_id::<HtmlElement>("lacking-list") else {
        return;
    };
    clear(&list);
    for task in begun {
        put(
            &list,
            make("li", "", &format!("{}: {}", task.id, task.missing.join(", "))),
        );
    }
}

fn files(task: &TaskInfo) -> String {
    match (task.made, task.missing.as_slice()) {
        (true, _) => "ready: made from this page's pictures".into(),
        (false, []) => "ready".into(),
        (false, missing) => format!("missing: {}", missing.join(", ")),
    }
}
