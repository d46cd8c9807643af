//! Runs beside those of another device: how many answers are the same, and what differs.

use sightline_messages::{AgreementInfo, RunInfo};
use web_sys::{Element, HtmlElement, HtmlInputElement};

use super::{row, score, tell};
use crate::attached;
use crate::dom::{by_id, clear, make, on_id, put, set_attribute, set_text, show};
use crate::lab::evaluating::{Agreed, Input, Phase};
use crate::views::{Now, Seen, View};

const LABELS: [&str; 6] = [
    "Task",
    "Who answers",
    "Both answered",
    "Same answer [95 %]",
    "Computed here by",
    "There by",
];
/// The first choice: each run with the one of its task and name.
const EACH: &str = "each run with the one of its name";

#[derive(Default)]
pub(in crate::views) struct Agreement {
    runs: Seen<Vec<RunInfo>>,
    agreed: Seen<Option<Agreed>>,
    note: Seen<String>,
    idle: Seen<bool>,
}

impl Agreement {
    pub(in crate::views) fn open() -> Self {
        for id in ["native-folder", "native-file"] {
            on_id(id, "change", move |_| files(id));
        }
        on_id("native-folder", "opened", |event| {
            attached::with_event(&event, |name, paths| agree(Some(&name), paths));
        });
        Self::default()
    }
}

/// Runs of another device were opened by a file input.
fn files(id: &str) {
    let Some(input) = by_id::<HtmlInputElement>(id) else {
        return;
    };
    if let Some(files) = input.files().filter(|files| files.length() > 0) {
        attached::with(&files, |name, paths| agree(name.as_deref(), paths));
    }
    input.set_value("");
}

/// Has runs compared. `name`: of the folder that `paths` are below, which says whose run it is.
fn agree(name: Option<&str>, paths: Vec<String>) {
    let chosen = by_id::<HtmlElement>("agree-run")
        .and_then(|select| js_sys::Reflect::get(&select, &"value".into()).ok()?.as_string())
        .filter(|folder| !folder.is_empty());
    let below = |path: String| match name {
        // A single file that was dropped is its own folder's name.
        Some(name) if name != path => format!("{name}/{path}"),
        _ => path,
    };
    tell(Input::Agree {
        folder: chosen,
        paths: paths.into_iter().map(below).collect(),
    });
}

impl View for Agreement {
    fn show(&mut self, now: &Now<'_>) {
        let evaluating = &now.lab.evaluating;
        if self.runs.is_new(evaluating.runs.clone()) {
            choices(&evaluating.runs);
        }
        let idle = evaluating.phase == Phase::Idle;
        if self.idle.is_new(idle) {
            for id in ["native-folder", "native-file", "agree-run"] {
                set_attribute(id, "disabled", (!idle).then_some(""));
            }
        }
        if self.note.is_new(evaluating.agreed_note.clone()) {
            set_text("native-folder-wrong", &evaluating.agreed_note);
        }
        if self.agreed.is_new(evaluating.agreed.clone()) {
            agreed(evaluating.agreed.as_ref());
        }
    }
}

/// Finished runs, to be held beside others.
fn choices(runs: &[RunInfo]) {
    let finished: Vec<&RunInfo> = runs.iter().filter(|run| run.score.is_some()).collect();
    show("agreement", !finished.is_empty());
    let Some(select) = by_id::<HtmlElement>("agree-run") else {
        return;
    };
    clear(&select);
    let each = ("", EACH.to_owned());
    let chosen = finished
        .iter()
        .map(|run| (run.folder.as_str(), format!("{}, {}", run.task, run.who)));
    for (value, text) in std::iter::once(each).chain(chosen) {
        if let Some(option) = make("option", "", &text) {
            let _ = option.set_attribute("value", value);
            put(&select, Some(option));
        }
    }
}

fn agreed(found: Option<&Agreed>) {
    show("agreed-runs", found.is_some());
    set_text("agreed", &found.map(sentence).unwrap_or_default());
    let (Some(body), Some(more)) = (by_id::<HtmlElement>("agreed-rows"), by_id::<HtmlElement>("agreed-more")) else {
        return;
    };
    clear(&body);
    clear(&more);
    for run in found.iter().flat_map(|found| &found.runs) {
        let [here, there] = &run.devices;
        let cells = [
            run.task.clone(),
            run.who.clone(),
            run.count.to_string(),
            match run.share {
                Some(share) => format!("{} of {}: {}", run.equal, run.count, score(share)),
                None => "nothing in common".into(),
            },
            here.clone().unwrap_or_default(),
            there.clone().unwrap_or_else(|| "not known: open its folder".into()),
        ];
        row(&body, &LABELS, &cells);
        settings(&more, run);
        different(&more, run);
    }
}

/// How far two devices agree, all runs together.
fn sentence(found: &Agreed) -> String {
    let sum = |what: fn(&AgreementInfo) -> u32| found.runs.iter().map(what).sum::<u32>();
    let mut text = format!(
        "{} of {} answers are the same.",
        sum(|run| run.equal),
        sum(|run| run.count)
    );
    let most = found.runs.iter().filter_map(|run| run.probability).reduce(f64::max);
    if let Some(most) = most {
        text += &format!(" Probabilities differ by at most {most:.2e}.");
    }
    let (alone, theirs) = (sum(|run| run.alone), sum(|run| run.theirs_alone));
    if alone + theirs > 0 {
        text += &format!(" {alone} questions are in this browser\u{2019}s runs alone, {theirs} in the others alone.");
    }
    let other = sum(|run| run.other_pictures);
    if other > 0 {
        text += &format!(" {other} are about other pictures, and are not compared.");
    }
    if !found.alone.is_empty() {
        let names: Vec<&str> = found
            .alone
            .iter()
            .map(|name| match name.as_str() {
                "" => "answers without a key",
                name => name,
            })
            .collect();
        text += &format!(" This browser has no run of: {}.", names.join(", "));
    }
    text
}

/// A list that opens, with a line for everything that differs.
fn list(more: &Element, summary: &str, open: bool, lines: impl Iterator<Item = String>) {
    let (Some(details), Some(list)) = (make("details", "more", ""), make("ul", "", "")) else {
        return;
    };
    if open {
        let _ = details.set_attribute("open", "");
    }
    put(&details, make("summary", "", summary));
    for line in lines {
        put(&list, make("li", "", &line));
    }
    put(&details, Some(list));
    put(more, Some(details));
}

fn settings(more: &Element, run: &AgreementInfo) {
    if run.settings.is_empty() {
        return;
    }
    let files = run.settings.iter().any(|[field, ..]| field.starts_with("model."));
    let what = match files {
        true => "The two runs are of other model files",
        false => "Settings that differ",
    };
    let line = |[field, here, there]: &[String; 3]| format!("{field}: here {here}, there {there}");
    let summary = format!("{what}: {}, {}", run.task, run.who);
    list(more, &summary, files, run.settings.iter().map(line));
}

fn different(more: &Element, run: &AgreementInfo) {
    let count = run.count - run.equal;
    if count == 0 {
        return;
    }
    let shown = run.different.len() as u32;
    let mut summary = match count {
        1 => "One answer differs".to_owned(),
        n => format!("{n} answers differ"),
    };
    if shown < count {
        summary += &format!(", the first {shown}");
    }
    summary += &format!(": {}, {}", run.task, run.who);
    let line = |(id, [ours, theirs]): &(String, [String; 2])| {
        format!("{id}: here \u{201c}{ours}\u{201d}, there \u{201c}{theirs}\u{201d}")
    };
    list(more, &summary, true, run.different.iter().map(line));
}
