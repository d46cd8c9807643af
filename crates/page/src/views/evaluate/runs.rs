//! Runs that are there, side by side.

use sightline_messages::{ComparedInfo, RunInfo};
use web_sys::{Element, HtmlElement};

use super::{row, score, tell};
use crate::dom::{by_id, clear, make, on_id, put, set_disabled, set_text, show};
use crate::lab::evaluating::{Input, Phase};
use crate::views::{Now, Seen, View};

const LABELS: [&str; 6] = [
    "Task",
    "Who answers",
    "Answers",
    "Score [95 %]",
    "Invalid",
    "Computed by",
];
const COMPARED: [&str; 7] = [
    "Task",
    "A and B",
    "Questions",
    "A \u{2212} B [95 %]",
    "p",
    "Flipped",
    "Same answer [95 %]",
];

#[derive(Default)]
pub(in crate::views) struct Runs {
    runs: Seen<(Vec<RunInfo>, Option<bool>)>,
    compared: Seen<Vec<ComparedInfo>>,
    note: Seen<String>,
    idle: Seen<bool>,
}

impl Runs {
    pub(in crate::views) fn open() -> Self {
        on_id("make-report", "click", |_| tell(Input::Report));
        on_id("export", "click", |_| tell(Input::Export));
        Self::default()
    }
}

impl View for Runs {
    fn show(&mut self, now: &Now<'_>) {
        let evaluating = &now.lab.evaluating;
        let idle = evaluating.phase == Phase::Idle;
        let finished: Vec<&RunInfo> = evaluating.runs.iter().filter(|run| run.score.is_some()).collect();
        let changed = self.runs.is_new((evaluating.runs.clone(), evaluating.kept));
        if changed {
            show("runs", !evaluating.runs.is_empty());
            set_text("kept", kept(evaluating.kept));
            runs(&evaluating.runs);
        }
        if self.idle.is_new(idle) || changed {
            set_disabled("make-report", !idle || finished.is_empty());
            set_disabled("export", !idle || evaluating.runs.is_empty());
            set_removable(idle);
        }
        if self.compared.is_new(evaluating.compared.clone()) {
            compared(&evaluating.compared);
        }
        if self.note.is_new(evaluating.kept_note.clone()) {
            set_text("runs-note", &evaluating.kept_note);
        }
    }
}

fn kept(kept: Option<bool>) -> &'static str {
    match kept {
        Some(false) => {
            "This browser keeps no files for this page: runs are gone when the tab is closed. Export them before."
        }
        Some(true) => "Runs are kept in this browser, answer by answer. A tab that is closed loses nothing.",
        None => "",
    }
}

fn runs(list: &[RunInfo]) {
    let Some(body) = by_id::<HtmlElement>("run-rows") else {
        return;
    };
    clear(&body);
    for run in list {
        let part = run
            .shard
            .as_ref()
            .map(|shard| format!(", part {shard}"))
            .unwrap_or_default();
        let (result, invalid) = match (&run.problem, run.score) {
            (Some(problem), _) => (problem.clone(), String::new()),
            (None, Some(found)) => (score(found), format!("{:.1} %", 100.0 * run.invalid)),
            (None, None) if run.shard.is_some() && run.done == run.count => {
                ("a part is not scored".into(), String::new())
            }
            (None, None) => ("not finished".into(), String::new()),
        };
        let answers = match run.done == run.count {
            true => run.count.to_string(),
            false => format!("{} of {}", run.done, run.count),
        };
        let cells = [
            run.task.clone(),
            format!("{}{part}", run.who),
            answers,
            result,
            invalid,
            run.device.clone(),
        ];
        if let Some(line) = row(&body, &LABELS, &cells) {
            let _ = line.set_attribute("title", &run.method);
            remove_button(&line, run);
        }
    }
}

/// A cell with the button that removes a run.
fn remove_button(line: &Element, run: &RunInfo) {
    let (Some(cell), Some(button)) = (make("td", "act", ""), make("button", "remove", "Remove")) else {
        return;
    };
    let name = format!("Remove {} of {}", run.task, run.who);
    let _ = button.set_attribute("aria-label", &name);
    let _ = button.set_attribute("type", "button");
    let folder = run.folder.clone();
    crate::dom::on(&button, "click", move |_| tell(Input::Remove(folder.clone())));
    put(&cell, Some(button));
    put(line, Some(cell));
}

/// While a run goes on, none is removed.
fn set_removable(removable: bool) {
    let Some(body) = by_id::<HtmlElement>("run-rows") else {
        return;
    };
    let buttons = body.get_elements_by_class_name("remove");
    for button in (0..buttons.length()).filter_map(|at| buttons.item(at)) {
        let _ = match removable {
            true => button.remove_attribute("disabled"),
            false => button.set_attribute("disabled", ""),
        };
    }
}

fn compared(list: &[ComparedInfo]) {
    show("comparison", !list.is_empty());
    let Some(body) = by_id::<HtmlElement>("compared-rows") else {
        return;
    };
    clear(&body);
    for pair in list {
        let [a, b] = &pair.names;
        let [difference, low, high] = pair.difference.map(|share| 100.0 * share);
        let cells = [
            pair.task.clone(),
            format!("{a} and {b}"),
            format!("{} about {} pictures", pair.count, pair.pictures),
            format!("{difference:+.1} points [{low:.1}, {high:.1}]"),
            format!("{:.4}", pair.p),
            pair.flipped.to_string(),
            score(pair.same),
        ];
        row(&body, &COMPARED, &cells);
    }
}
