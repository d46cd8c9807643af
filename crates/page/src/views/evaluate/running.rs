//! How far a run is.

use sightline_messages::EvaluateProgress;
use web_sys::HtmlProgressElement;

use super::{score, tell};
use crate::dom::{by_id, on_id, set_disabled, set_text, show};
use crate::lab::evaluating::{Input, Phase};
use crate::state::State;
use crate::views::{Now, Seen, View};
use crate::words;

#[derive(Default)]
pub(in crate::views) struct Running {
    seen: Seen<(Phase, Option<EvaluateProgress>, String)>,
    said: Seen<String>,
}

impl Running {
    pub(in crate::views) fn open() -> Self {
        on_id("stop", "click", |_| tell(Input::Stop));
        Self::default()
    }
}

impl View for Running {
    fn show(&mut self, now: &Now<'_>) {
        let evaluating = &now.lab.evaluating;
        let seen = (
            evaluating.phase.clone(),
            evaluating.progress.clone(),
            evaluating.note.clone(),
        );
        if !self.seen.is_new(seen) {
            return;
        }
        let phase = &evaluating.phase;
        let at_work = matches!(phase, Phase::Running { .. } | Phase::Waiting(_));
        show("running", at_work);
        set_disabled("stop", *phase == Phase::Running { stopping: true });
        set_text("evaluate-note", &evaluating.note);
        if !at_work {
            return;
        }
        let progress = evaluating.progress.as_ref();
        if let Some(bar) = by_id::<HtmlProgressElement>("run-bar") {
            bar.set_max(progress.map_or(1.0, |progress| f64::from(progress.of.max(1))));
            bar.set_value(progress.map_or(0.0, |progress| f64::from(progress.done)));
        }
        let stopping = *phase == Phase::Running { stopping: true };
        // Read aloud once per run, not per batch.
        let who = progress.map(|progress| heading(progress, now.state));
        let said = match (phase, who, stopping) {
            (_, _, true) => "Stopping after this batch\u{2026}".to_owned(),
            (Phase::Waiting(_), ..) => "The models are loaded first.".to_owned(),
            (_, Some(who), _) => who,
            (_, None, _) => "The questions are read\u{2026}".to_owned(),
        };
        if self.said.is_new(said.clone()) {
            set_text("run-head", &said);
        }
        set_text("run-text", &progress.map(text).unwrap_or_default());
    }
}

fn heading(progress: &EvaluateProgress, state: &State) -> String {
    let [place, places] = progress.place;
    let who = match progress.who.strip_suffix("+shuffled") {
        Some(id) => format!("{} with shuffled pictures", state.model_name(id)),
        None if state.models.iter().any(|model| model.id == progress.who) => state.model_name(&progress.who).to_owned(),
        None => format!("control: {}", progress.who),
    };
    format!("Run {place} of {places}: {}, {who}", progress.task)
}

fn text(progress: &EvaluateProgress) -> String {
    let mut text = format!("{} of {} answers", progress.done, progress.of);
    if progress.resumed > 0 {
        text += &format!(", {} of them were there", progress.resumed);
    }
    if let Some(found) = progress.score {
        text += &format!("; score so far {}", score(found));
    }
    if let Some(seconds) = progress.seconds_left.filter(|_| progress.done < progress.of) {
        text += &format!("; about {}", words::left(seconds));
    }
    text + "."
}
