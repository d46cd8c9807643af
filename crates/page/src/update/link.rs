//! Results that come as links, and links to what is shown.

use sightline_link::{Picture, Settings as LinkSettings, Shared, SharedAnswer, Source};
use sightline_messages::{Backend, Dtype, Machine};

use super::effect::Effect;
use super::picture::chosen;
use crate::settings::Settings;
use crate::state::{Chosen, Holds, Linked, MadeLink, Pane, Phase, Sharing, Shown, State, Turn};

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
    // A question that waits is none about this picture.
    state.held = None;
    // What is run here is run as it was there.
    state.settings.linked(&shared.settings);
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
    let questions = Vec::new();
    chosen(
        state,
        Chosen {
            number,
            name,
            gallery,
            questions,
        },
    );
    state.restored = Some(turn);
    let picture = Some(number);
    state.linked = Some(Linked { shared, picture });
    effects
}

/// The visitor's own picture has this hash: it may be the link's.
pub(super) fn hashed(state: &mut State, number: u32, sha256: &str) {
    if let Some(linked) = &mut state.linked
        && let Source::Hash(hash) = &linked.shared.picture.source
    {
        linked.picture = (hash == sha256).then_some(number);
    }
}

/// The answers of a link, as a turn.
fn recorded(shared: &Shared) -> Turn {
    let pane = |answer: &SharedAnswer| Pane {
        model: answer.model.clone(),
        phase: Phase::Recorded,
        text: answer.text.clone(),
        answer: Some(answer.to_answer()),
        ..Pane::default()
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

/// The visitor asks for a link to what is shown, and for an own picture in it.
pub(super) fn share(state: &mut State, picture: bool) -> Vec<Effect> {
    state.sharing = Sharing::default();
    make(state, picture)
}

/// The visitor saves what is shown as a picture.
pub(super) fn card(state: &State) -> Vec<Effect> {
    let shared = result(state);
    shared
        .map(|shared| Effect::Card(Box::new(shared)))
        .into_iter()
        .collect()
}

/// The visitor opens or closes the text to paste.
pub(super) fn cite(state: &mut State) -> Vec<Effect> {
    state.sharing.citing = !state.sharing.citing;
    match state.sharing.made {
        None if state.sharing.citing => make(state, false),
        _ => Vec::new(),
    }
}

fn make(state: &State, picture: bool) -> Vec<Effect> {
    let (Some(shown), Some(shared)) = (&state.picture.shown, result(state)) else {
        return Vec::new();
    };
    vec![Effect::Link {
        shared: Box::new(shared),
        number: shown.chosen.number,
        picture: picture && is_own(state),
    }]
}

/// The link is there. It is copied, unless it was made for the text to paste.
pub(super) fn made(state: &mut State, made: MadeLink) -> Vec<Effect> {
    let fragment = made.fragment.clone();
    state.sharing.note = about(made.holds).trim_start().to_owned();
    state.sharing.made = Some(made);
    match state.sharing.citing {
        true => Vec::new(),
        false => vec![Effect::Copy(fragment)],
    }
}

/// What came of it.
pub(super) fn copied(state: &mut State, copied: bool) {
    let Some(made) = &state.sharing.made else { return };
    let place = match copied {
        true => "The link was copied.",
        false => "The link is in the address bar; copy it there.",
    };
    state.sharing.note = format!("{place}{}", about(made.holds));
}

fn about(holds: Holds) -> &'static str {
    match holds {
        Holds::Gallery => "",
        Holds::Hash => " The link does not hold your picture: whoever opens it needs the file.",
        Holds::Copy { smaller: false } => " The link contains your picture: whoever has it can see the picture.",
        Holds::Copy { smaller: true } => {
            " The link contains a smaller copy of your picture: whoever has it can see the picture. The answers are about your file; \
             the copy may get others."
        }
    }
}

/// Whether the picture is the visitor's own, which no link holds unasked.
pub(crate) fn is_own(state: &State) -> bool {
    let shown = state.picture.shown.as_ref();
    shown.is_some_and(|shown| shown.chosen.gallery.is_none())
}

/// What a link to this holds; none where there is nothing to link to.
pub(crate) fn result(state: &State) -> Option<Shared> {
    let shown = state.picture.shown.as_ref().filter(|_| is_shareable(state))?;
    let weights = |id: &str| {
        state
            .models
            .iter()
            .find(|model| model.id == id)
            .map_or("", |model| &model.weights)
    };
    let whole = state.turn.panes.iter().filter(|pane| is_whole(pane));
    let answers = whole.filter_map(|pane| Some(SharedAnswer::new(pane.answer.as_ref()?, weights(&pane.model))));
    // An answer that came as a link was computed on another machine.
    let recorded = state.turn.panes.iter().any(|pane| pane.phase == Phase::Recorded);
    let (device, settings) = match &state.linked {
        _ if state.turn.made.is_some() => made_before(state),
        Some(linked) if recorded => (linked.shared.device.clone(), linked.shared.settings),
        _ => made_here(state.machine.as_ref(), &state.turn.settings),
    };
    Some(Shared {
        picture: picture(shown),
        question: state.turn.question.clone(),
        settings,
        device,
        answers: answers.collect(),
    })
}

/// Those of the answers that came with the page.
fn made_before(state: &State) -> (String, LinkSettings) {
    let made = state.turn.made.as_ref();
    let settings = LinkSettings::default();
    (made.map(|made| made.device.clone()).unwrap_or_default(), settings)
}

/// The machine and the settings of this page.
fn made_here(machine: Option<&Machine>, settings: &Settings) -> (String, LinkSettings) {
    let settings = settings.for_link(machine.is_some_and(|machine| machine.dtype == Dtype::F16));
    let named = |machine: &Machine| match machine.backend {
        Backend::WebGpu => format!("{} through WebGPU", machine.adapter),
        Backend::Cpu => machine.adapter.clone(),
    };
    let name = machine.map(named).unwrap_or_default();
    let plain = name.chars().filter(|c| !c.is_control()).take(DEVICE).collect();
    (plain, settings)
}

/// The picture by its name in the gallery, or by a hash that is not known here.
fn picture(shown: &Shown) -> Picture {
    Picture {
        source: match &shown.chosen.gallery {
            Some(id) => Source::Gallery(id.clone()),
            None => Source::Hash(String::new()),
        },
        size: [shown.width, shown.height],
    }
}

#[cfg(test)]
mod tests;
