//! Results that come as links, and links to what is shown.

use sightline_link::{LinkError, Picture, Settings, Shared, SharedAnswer, Source, encode};
use sightline_messages::{Backend, Dtype, Machine};

use super::effect::Effect;
use super::turn::MAX_TOKENS;
use crate::state::{Chosen, Linked, Pane, Phase, Shown, State, Turn};

/// Characters of a device's name that a link keeps.
const DEVICE: usize = 120;

/// What became of a recorded answer on this page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    /// The models are not known yet, or were not asked again.
    NotAsked,
    /// No model here has this name.
    NoModel,
    /// The model here has other weights.
    OtherWeights,
    /// The same answer, box by box.
    Same,
    /// Another text, or other boxes.
    Other(String),
}

/// The page's address holds a result. It is shown, and nothing of a model is fetched for it.
pub(super) fn opened(state: &mut State, number: u32, mut shared: Shared) -> Vec<Effect> {
    let mut effects = vec![Effect::Fill(shared.question.clone())];
    let turn = recorded(&shared);
    let (name, gallery) = match &mut shared.picture.source {
        Source::Gallery(id) => {
            effects.push(Effect::Fetch { number, id: id.clone() });
            (id.clone(), Some(id.clone()))
        }
        Source::File(bytes) => {
            let bytes = std::mem::take(bytes);
            effects.push(Effect::Give { number, bytes });
            ("the picture of the link".to_owned(), None)
        }
        Source::Hash(_) => {
            state.linked = Some(Linked { shared, picture: None });
            return effects;
        }
    };
    state.picture.coming = Some(Chosen {
        number,
        name,
        gallery,
        questions: Vec::new(),
        sha256: None,
    });
    state.restored = Some(turn);
    let picture = Some(number);
    state.linked = Some(Linked { shared, picture });
    effects
}

/// The answers of a link, as a turn.
fn recorded(shared: &Shared) -> Turn {
    let pane = |answer: &SharedAnswer| Pane {
        model: answer.model.clone(),
        phase: Phase::Recorded,
        reused: false,
        text: answer.text.clone(),
        answer: Some(answer.to_answer()),
    };
    Turn {
        question: shared.question.clone(),
        panes: shared.answers.iter().map(pane).collect(),
        ..Turn::default()
    }
}

/// What became of each recorded answer, in their order.
pub(crate) fn here(state: &State, linked: &Linked) -> Vec<Here> {
    let shown = state.picture.shown.as_ref().map(|shown| shown.chosen.number);
    let about = linked.picture.is_some() && shown == linked.picture && state.turn.question == linked.shared.question;
    let of = |recorded: &SharedAnswer| {
        let Some(model) = state.models.iter().find(|model| model.id == recorded.model) else {
            return if state.models.is_empty() {
                Here::NotAsked
            } else {
                Here::NoModel
            };
        };
        if model.weights != recorded.weights {
            return Here::OtherWeights;
        }
        let asked = |pane: &&Pane| about && pane.model == recorded.model && pane.phase == Phase::Done;
        match state
            .turn
            .panes
            .iter()
            .find(asked)
            .and_then(|pane| pane.answer.as_ref())
        {
            None => Here::NotAsked,
            Some(answer) => {
                let now = SharedAnswer::new(answer, &recorded.weights);
                match now.text == recorded.text && now.boxes == recorded.boxes {
                    true => Here::Same,
                    false => Here::Other(now.text),
                }
            }
        }
    };
    linked.shared.answers.iter().map(of).collect()
}

/// Whether there is something to link to: a whole answer.
pub(crate) fn is_shareable(state: &State) -> bool {
    !state.turn.answering && state.turn.panes.iter().any(is_whole)
}

fn is_whole(pane: &Pane) -> bool {
    matches!(pane.phase, Phase::Done | Phase::Recorded) && pane.answer.is_some()
}

/// The visitor asks for a link to what is shown.
pub(super) fn share(state: &mut State) -> Vec<Effect> {
    match fragment(state) {
        Ok(Some(fragment)) => vec![Effect::Copy(fragment)],
        Ok(None) => Vec::new(),
        Err(error) => {
            state.share_note = format!("There is no link to this: {error}.");
            Vec::new()
        }
    }
}

/// What came of it.
pub(super) fn copied(state: &mut State, copied: bool) {
    let place = match copied {
        true => "The link was copied.",
        false => "The link is in the address bar; copy it there.",
    };
    let own = state
        .picture
        .shown
        .as_ref()
        .is_some_and(|shown| shown.chosen.gallery.is_none());
    state.share_note = match own {
        true => format!("{place} It does not hold your picture: whoever opens it needs the file."),
        false => place.to_owned(),
    };
}

/// None where there is nothing to link to.
fn fragment(state: &State) -> Result<Option<String>, LinkError> {
    let (Some(shown), true) = (&state.picture.shown, is_shareable(state)) else {
        return Ok(None);
    };
    let weights = |id: &str| {
        state
            .models
            .iter()
            .find(|model| model.id == id)
            .map_or("", |model| &model.weights)
    };
    let whole = state.turn.panes.iter().filter(|pane| is_whole(pane));
    let answers: Vec<SharedAnswer> = whole
        .filter_map(|pane| Some(SharedAnswer::new(pane.answer.as_ref()?, weights(&pane.model))))
        .collect();
    // An answer that came as a link was computed on another machine.
    let recorded = state.turn.panes.iter().any(|pane| pane.phase == Phase::Recorded);
    let (device, settings) = match &state.linked {
        Some(linked) if recorded => (linked.shared.device.clone(), linked.shared.settings),
        _ => made_here(state.machine.as_ref()),
    };
    encode(&Shared {
        picture: picture(shown),
        question: state.turn.question.clone(),
        settings,
        device,
        answers,
    })
    .map(Some)
}

/// The machine and the settings of this page.
fn made_here(machine: Option<&Machine>) -> (String, Settings) {
    let settings = Settings {
        max_tokens: MAX_TOKENS,
        half: machine.is_some_and(|machine| machine.dtype == Dtype::F16),
        ..Settings::default()
    };
    let named = |machine: &Machine| match machine.backend {
        Backend::WebGpu => format!("{} through WebGPU", machine.adapter),
        Backend::Cpu => machine.adapter.clone(),
    };
    let name = machine.map(named).unwrap_or_default();
    let plain = name.chars().filter(|c| !c.is_control()).take(DEVICE).collect();
    (plain, settings)
}

fn picture(shown: &Shown) -> Picture {
    Picture {
        source: match &shown.chosen.gallery {
            Some(id) => Source::Gallery(id.clone()),
            None => Source::Hash(shown.chosen.sha256.clone().unwrap_or_default()),
        },
        size: [shown.width, shown.height],
    }
}

#[cfg(test)]
mod tests;
