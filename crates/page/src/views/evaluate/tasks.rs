//! Every task, and what is missing for it.

use sightline_messages::TaskInfo;
use web_sys::{HtmlElement, HtmlInputElement};

use super::{row, tell};
use crate::attached;
use crate::dom::{by_id, clear, on_id, set_text};
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
        for task in tasks {
            let cells = [
                task.id.clone(),
                format!("{}: {}", task.name, task.split),
                task.questions.to_string(),
                task.metric.clone(),
                files(task),
            ];
            row(&body, &LABELS, &cells);
        }
    }
}

fn files(task: &TaskInfo) -> String {
    match (task.made, task.missing.as_slice()) {
        (true, _) => "ready: made from this page's pictures".into(),
        (false, []) => "ready".into(),
        (false, missing) => format!("missing: {}", missing.join(", ")),
    }
}
