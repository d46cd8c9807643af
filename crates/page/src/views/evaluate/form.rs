//! What to evaluate: task, number of questions, who answers.

use sightline_messages::{EvaluateControl, EvaluateJob, ModelInfo, TaskInfo};
use web_sys::{HtmlElement, HtmlInputElement};

use super::tell;
use crate::dom::{by_id, clear, document, focus, make, on_id, put, set_attribute, set_disabled, set_text, show};
use crate::lab::evaluating::{Input, Phase};
use crate::state::{Engine, State};
use crate::views::{Now, Seen, View};
use crate::words;

/// Where it is said what is wrong with a field: its id with this behind it.
const WRONG: &str = "-wrong";
/// The fields that may be wrong.
const FIELDS: [&str; 4] = ["limit", "batch", "part", "parts"];

/// The controls, and their boxes to tick.
const CONTROLS: [(&str, EvaluateControl); 3] = [
    ("control-majority", EvaluateControl::Majority),
    ("control-chance", EvaluateControl::Chance),
    ("control-shuffled", EvaluateControl::Shuffled),
];

#[derive(Default)]
pub(in crate::views) struct Form {
    tasks: Seen<Vec<TaskInfo>>,
    models: Seen<Vec<ModelInfo>>,
    folder: Seen<Option<(String, u32)>>,
    button: Seen<String>,
    boxes: Seen<bool>,
    unfinished: Seen<(Option<EvaluateJob>, bool)>,
}

impl Form {
    pub(in crate::views) fn open() -> Self {
        tell(Input::Here);
        on_id("evaluate", "submit", |event| {
            event.prevent_default();
            start();
        });
        // What is to be loaded depends on who answers.
        on_id("evaluate", "change", |_| tell(Input::Changed));
        on_id("go-on", "click", |_| tell(Input::GoOn));
        Self::default()
    }
}

/// Starts what the form says. The models are loaded if they are not there: the button names their
/// size.
fn start() {
    for id in FIELDS {
        set_attribute(id, "aria-invalid", None);
        set_text(&format!("{id}{WRONG}"), "");
    }
    set_text("who-wrong", "");
    match job() {
        Ok(job) if job.models.is_empty() && job.controls.is_empty() => {
            set_text("who-wrong", "Nobody would answer: choose a model, or a control.");
        }
        Ok(job) => tell(Input::Start(job)),
        Err(Wrong { field, problem }) => {
            set_attribute(field, "aria-invalid", Some("true"));
            // Both numbers of a part have one place.
            let place = if field == "part" { "parts" } else { field };
            set_text(&format!("{place}{WRONG}"), &problem);
            focus(field);
        }
    }
}

/// What is wrong with the form, and in which field.
struct Wrong {
    field: &'static str,
    problem: String,
}

/// What the form says, or what is wrong with it.
fn job() -> Result<EvaluateJob, Wrong> {
    let number = |field: &'static str, most: u32| match text(field).trim() {
        "" => Ok(None),
        text => match text.parse::<u32>() {
            Ok(n) if (1..=most).contains(&n) => Ok(Some(n)),
            _ => Err(Wrong {
                field,
                problem: format!("A whole number from 1 to {most} is needed, not \u{201c}{text}\u{201d}."),
            }),
        },
    };
    let limit = number("limit", 10_000_000)?;
    let batch_size = number("batch", 1024)?.unwrap_or(1);
    let parts = number("parts", 10_000)?.unwrap_or(1);
    let part = number("part", 10_000)?.unwrap_or(1);
    if part > parts {
        return Err(Wrong {
            field: "part",
            problem: format!("Part {part} of {parts} does not exist. Parts are counted from 1."),
        });
    }
    Ok(EvaluateJob {
        task: text("task"),
        limit,
        batch_size,
        shard: (parts > 1).then_some([part - 1, parts]),
        models: ticked_models(),
        controls: CONTROLS
            .iter()
            .filter(|(id, _)| ticked(id))
            .map(|(_, control)| *control)
            .collect(),
        dense: asks_for_boxes() && ticked("dense"),
        folder: None,
    })
}

/// Whether the chosen task asks for boxes: the place of dense heads is seen.
fn asks_for_boxes() -> bool {
    by_id::<HtmlElement>("dense-label").is_some_and(|label| !label.hidden())
}

/// What stands in a field, or is chosen.
fn text(id: &str) -> String {
    let value = |element: HtmlElement| js_sys::Reflect::get(&element, &"value".into()).ok()?.as_string();
    by_id::<HtmlElement>(id).and_then(value).unwrap_or_default()
}

fn ticked(id: &str) -> bool {
    by_id::<HtmlInputElement>(id).is_some_and(|input| input.checked())
}

/// Ids of the models that are ticked.
fn ticked_models() -> Vec<String> {
    let Some(boxes) = document().and_then(|document| document.query_selector_all("#models input:checked").ok()) else {
        return Vec::new();
    };
    let inputs = (0..boxes.length()).filter_map(|at| boxes.get(at));
    inputs
        .filter_map(|input| wasm_bindgen::JsCast::dyn_into::<HtmlInputElement>(input).ok())
        .map(|input| input.value())
        .collect()
}

impl View for Form {
    fn show(&mut self, now: &Now<'_>) {
        let evaluating = &now.lab.evaluating;
        if self.models.is_new(now.state.models.clone()) {
            models(&now.state.models);
        }
        let ready: Vec<TaskInfo> = evaluating
            .tasks
            .iter()
            .filter(|task| task.missing.is_empty())
            .cloned()
            .collect();
        if self.tasks.is_new(ready.clone()) {
            tasks(&ready);
        }
        if self.folder.is_new(evaluating.folder.clone()) {
            set_text("folder-note", &folder(evaluating.folder.as_ref()));
        }
        let idle = evaluating.phase == Phase::Idle && now.state.engine == Engine::Ready;
        let label = label(now.state);
        if self.button.is_new(format!("{label} {idle}")) {
            set_text("start", &label);
            set_disabled("start", !idle);
            set_disabled("go-on", !idle);
        }
        let chosen = text("task");
        let boxes = ready.iter().any(|task| task.id == chosen && task.boxes);
        if self.boxes.is_new(boxes) {
            show("dense-label", boxes);
        }
        let opened = evaluating.folder.is_some();
        if self.unfinished.is_new((evaluating.unfinished.clone(), opened)) {
            show("unfinished", evaluating.unfinished.is_some());
            if let Some(job) = &evaluating.unfinished {
                let wants = job.folder.as_deref().filter(|_| !opened);
                set_text("unfinished-text", &unfinished(job, wants, now.state));
                // `www/folder.js` opens it by the same press, if it may.
                set_attribute("go-on", "data-wants", wants);
            }
        }
    }
}

/// What the button does: it loads what is missing.
fn label(state: &State) -> String {
    if state.loaded().is_some() || ticked_models().is_empty() {
        return "Evaluate".into();
    }
    let (all, here) = state.bytes();
    match all - here {
        0 => "Load the models and evaluate".into(),
        missing => format!("Load the models ({}) and evaluate", words::bytes(missing)),
    }
}

fn folder(folder: Option<&(String, u32)>) -> String {
    match folder {
        None => "No folder is open. Nothing in it would leave this machine.".into(),
        Some((name, 1)) => format!("{name}: one file."),
        Some((name, files)) => format!("{name}: {files} files."),
    }
}

/// A job that may go on, in a sentence or two. `wants`: the folder that it needs, if that is not
/// open.
fn unfinished(job: &EvaluateJob, wants: Option<&str>, state: &State) -> String {
    let mut who: Vec<&str> = job.models.iter().map(|id| state.model_name(id)).collect();
    who.extend(job.controls.iter().map(|control| match control {
        EvaluateControl::Majority => "majority",
        EvaluateControl::Chance => "chance",
        EvaluateControl::Shuffled => "shuffled pictures",
    }));
    if job.dense {
        who.push("dense heads");
    }
    let questions = match job.limit {
        Some(limit) => format!("{limit} questions"),
        None => "all questions".into(),
    };
    let folder = wants.map(|name| format!(" It needs the folder {name} again."));
    format!(
        "An evaluation was not finished: {}, {questions}, answered by {}. What is done is kept.{}",
        job.task,
        who.join(", "),
        folder.unwrap_or_default()
    )
}

/// The tasks that can be run, to choose from.
fn tasks(ready: &[TaskInfo]) {
    let Some(select) = by_id::<HtmlElement>("task") else {
        return;
    };
    let before = text("task");
    clear(&select);
    for task in ready {
        let Some(option) = make("option", "", &format!("{} ({})", task.name, task.id)) else {
            continue;
        };
        let _ = option.set_attribute("value", &task.id);
        if task.id == before {
            let _ = option.set_attribute("selected", "");
        }
        put(&select, Some(option));
    }
}

/// A box for every model, ticked.
fn models(models: &[ModelInfo]) {
    let Some(list) = by_id::<HtmlElement>("models") else {
        return;
    };
    clear(&list);
    for model in models {
        let (Some(label), Some(input)) = (make("label", "tick", ""), make("input", "", "")) else {
            continue;
        };
        for (name, value) in [("type", "checkbox"), ("value", model.id.as_str()), ("checked", "")] {
            let _ = input.set_attribute(name, value);
        }
        put(&label, Some(input));
        put(&label, make("span", "", &model.name));
        put(&list, Some(label));
    }
}
