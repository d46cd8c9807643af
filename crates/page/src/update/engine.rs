//! The engine's life: its start, the models on their way, its end, and what the next one brings
//! back.

use sightline_messages::{Backend, Command, Event, FileInfo, Loaded, Machine, ModelInfo, Wish};

use super::effect::Effect;
use super::input::Reminder;
use super::turn::{ask, ended, panes};
use super::{look, recorded, recovery};
use crate::state::{Engine, Loading, Phase, Problem, Progress, Remedy, Resume, State};

/// Seconds until a page whose engine has not come says so.
const LATE_S: u32 = 12;
/// Seconds that one model may take on a GPU of real hardware until the page asks what to do.
const PREPARE_S: u32 = 90;

/// A first engine, or another.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    state.engine = Engine::Starting;
    state.engines += 1;
    state.started_whole = state.settings.whole;
    state.problem = None;
    stopped(state, false);
    let late = Effect::Remind {
        seconds: LATE_S,
        of: Reminder::Start(state.engines),
    };
    let mut effects = vec![Effect::StartEngine(state.wish), late];
    let picture = &state.picture;
    let last = picture
        .coming
        .as_ref()
        .or(picture.shown.as_ref().map(|shown| &shown.chosen));
    effects.extend(last.map(|chosen| Effect::GiveAgain(chosen.number)));
    effects
}

/// The visitor has the processor go on. Where an earlier visit had the models load, what is here
/// already is loaded by itself.
pub(super) fn on_processor(state: &mut State) -> Vec<Effect> {
    let offered = state.problem.as_ref().and_then(|problem| problem.other) == Some(Remedy::Dismiss);
    state.wish = Wish::Cpu;
    let effects = start(state);
    if offered {
        state.resume.get_or_insert_default();
    }
    effects
}

/// Nothing more comes from the engine that ran. What the visitor had of it, the next one should
/// bring back. `lost`: it has lost its device.
fn stopped(state: &mut State, lost: bool) {
    if state.loaded().is_some() || state.is_loading() {
        state.resume = Some(Resume {
            question: cut(state, lost),
            said: state.turn.panes.clone(),
            loading: state.is_loading(),
            pressed: false,
        });
    }
    state.loading = Loading::Not;
    // Nobody is there to be told.
    let _ = look::forget(state);
    state.held = None;
    state.camera.stop();
    ended(state);
}

/// The question that is cut off, if it may be asked again. Where another picture is coming, that is
/// the one which waits for it.
fn cut(state: &State, lost: bool) -> Option<String> {
    if state.picture.coming.is_some() {
        return state.held.clone();
    }
    let turn = &state.turn;
    (turn.answering && !turn.stopping && (lost || !turn.again)).then(|| turn.question.clone())
}

/// The time of a reminder is over.
pub(super) fn late(state: &mut State, engine: u32) {
    if state.engine == Engine::Starting && state.engines == engine {
        state.engine = Engine::Late;
    }
}

/// The same, for a model that should be on the device.
pub(super) fn slow(state: &mut State, engine: u32, model: usize) {
    let here = matches!(state.loading, Loading::Preparing { number, .. } if number == model);
    if here && state.engines == engine {
        let sentence = format!(
            "Your GPU has been compiling one model for {PREPARE_S} seconds. Its driver may have stopped answering: wait a little \
             longer, or go on in another way."
        );
        state.problem = Some(state.restartable(sentence));
    }
}

/// The models shall come.
pub(crate) fn load(state: &mut State) -> Vec<Effect> {
    if state.engine != Engine::Ready || state.is_loading() || state.loaded().is_some() {
        return Vec::new();
    }
    if state.needs_another() {
        // A link's settings: the engine that waits was started with others.
        let effects = start(state);
        state.resume = Some(Resume {
            pressed: true,
            ..Resume::default()
        });
        return effects;
    }
    state.loading = Loading::Fetching {
        waiting_s: None,
        cancelling: false,
    };
    state.problem = None;
    vec![Effect::Send(Command::Load)]
}

/// The visitor gives up a model that is being prepared. Nothing asks its kernels to stop: the
/// engine ends, and another one waits.
pub(super) fn give_up(state: &mut State) -> Vec<Effect> {
    let effects = start(state);
    state.resume = None;
    effects
}

/// The question whose recorded answers are shown is asked here: the models come first.
pub(super) fn run_here(state: &mut State) -> Vec<Effect> {
    let question = state.turn.question.clone();
    let again = state.needs_another();
    if state.loaded().is_some() && !again {
        return ask(state, question);
    }
    let effects = match again {
        true => start(state),
        false => load(state),
    };
    state.resume = Some(Resume {
        question: Some(question),
        pressed: again,
        ..Resume::default()
    });
    effects
}

/// What has come of a load that did not end well is here until the engine ends, and longer if the
/// browser keeps anything.
fn unloaded(state: &mut State) {
    for (file, progress) in state.files.iter_mut().zip(&mut state.progress) {
        file.cached = file.cached.max(progress.verified);
        *progress = Progress {
            cached: file.cached,
            ..Progress::default()
        };
    }
}

/// What belongs to the engine's start, and to the models on their way.
pub(super) fn loading(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Ready {
            machine,
            models,
            files,
            store,
            ..
        } => {
            (state.machine, state.store) = (Some(machine), Some(store));
            return ready(state, models, files);
        }
        Event::Progress {
            file,
            downloaded,
            cached,
            verified,
        } => {
            if let Some(progress) = state.progress.get_mut(file as usize) {
                *progress = Progress {
                    downloaded,
                    cached,
                    verified,
                };
            }
        }
        Event::Waiting { seconds } => {
            // Read aloud, a count of every second would be no help.
            if let Loading::Fetching { waiting_s, .. } = &mut state.loading
                && (waiting_s.is_none() || seconds % 5 == 0)
            {
                *waiting_s = (seconds > 0).then_some(seconds);
            }
        }
        Event::Compiling { model } => return preparing(state, model),
        Event::Loaded(loaded) => return came(state, loaded),
        Event::LoadFailed { sentence } => {
            state.loading = Loading::Failed;
            unloaded(state);
            // The button that loads says "Try again", and stands just below.
            state.problem = Some(Problem {
                sentence,
                remedy: state.own.is_other().then_some(Remedy::PageModels),
                other: None,
            });
        }
        Event::Cancelled => {
            state.loading = Loading::Not;
            state.resume = None;
            unloaded(state);
        }
        _ => {}
    }
    Vec::new()
}

/// A model goes to the device.
fn preparing(state: &mut State, model: String) -> Vec<Effect> {
    let number = match state.loading {
        Loading::Preparing { number, .. } => number + 1,
        _ => 1,
    };
    state.loading = Loading::Preparing { model, number };
    state.problem = None;
    let is_gpu = |machine: &Machine| machine.backend == Backend::WebGpu && !machine.software;
    let reminder = Effect::Remind {
        seconds: PREPARE_S,
        of: Reminder::Prepare(state.engines, number),
    };
    let waits = state.machine.as_ref().is_some_and(is_gpu);
    waits.then_some(reminder).into_iter().collect()
}

/// The models are on the device.
fn came(state: &mut State, loaded: Loaded) -> Vec<Effect> {
    state.problem = None;
    state.machine = Some(loaded.machine.clone());
    state.loading = Loading::Loaded(loaded);
    let mut effects = Vec::new();
    if state.keeps() {
        state.files.iter_mut().for_each(|file| file.cached = file.bytes);
        effects.push(Effect::Persist);
    }
    if let Some(Resume {
        question: Some(question),
        said,
        ..
    }) = state.resume.take()
    {
        effects.extend(ask(state, question));
        state.turn.again = state.turn.answering;
        if state.turn.answering {
            recovery::said_before(&mut state.turn.panes, said);
        }
    }
    effects
}

/// The engine runs, and has said what it would load.
fn ready(state: &mut State, models: Vec<ModelInfo>, files: Vec<FileInfo>) -> Vec<Effect> {
    state.engine = Engine::Ready;
    let progress = |file: &FileInfo| Progress {
        cached: file.cached,
        ..Progress::default()
    };
    state.progress = files.iter().map(progress).collect();
    state.files = files;
    if state.models != models {
        state.models = models;
        state.turn.panes = panes(state, Phase::Idle);
    }
    let known = |only: &String| state.models.iter().any(|model| model.id == *only);
    if !state.settings.only.as_ref().is_none_or(known) {
        state.settings.only = None;
    }
    let mut effects = vec![Effect::KeepPage];
    effects.extend(recorded::feature(state));
    let (all, here) = state.bytes();
    // Nothing comes over the network that the visitor has not asked for.
    if let Some(resume) = &state.resume
        && (here == all || resume.pressed || (resume.loading && state.losses > 0))
    {
        effects.extend(load(state));
    }
    effects
}

/// The engine cannot go on. After a lost device another one follows by itself.
pub(super) fn broken(state: &mut State, sentence: String, remedy: sightline_messages::Remedy) -> Vec<Effect> {
    use sightline_messages::Remedy as Told;
    // What follows from a first fault explains it less well.
    if state.engine == Engine::Gone && state.problem.is_some() {
        return Vec::new();
    }
    let goes_on = remedy == Told::Resume && recovery::possible(state);
    stopped(state, remedy == Told::Resume);
    if goes_on {
        recovery::begin(state, &sentence);
        return start(state);
    }
    state.engine = Engine::Gone;
    state.problem = Some(match remedy {
        Told::Restart | Told::Resume => state.restartable(sentence),
        Told::Reload => unusable(state, sentence),
    });
    Vec::new()
}

/// The page is of another version, or what it lists cannot be used.
fn unusable(state: &State, sentence: String) -> Problem {
    let own = &state.own;
    let sentence = match own.host.is_empty() {
        true => sentence,
        false => format!(
            "{sentence} This page's host may forbid it to ask others (Content-Security-Policy, connect-src), and {} may not allow \
             this page to read its files.",
            own.host
        ),
    };
    let (remedy, other) = match own.is_other() {
        true => (Remedy::PageModels, Some(Remedy::Restart)),
        false => (Remedy::Reload, None),
    };
    Problem {
        sentence,
        remedy: Some(remedy),
        other,
    }
}
