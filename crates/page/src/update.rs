//! What each thing that happens changes, and what has to be done about it. Nothing here touches the
//! browser.

use sightline_messages::{Answer, Command, Event, FileInfo, ModelInfo, Preview, Store, Wish};

use crate::state::{
    Chosen, Engine, Loading, Measuring, Pane, Phase, Picture, Problem, Progress, Remedy, Saved, Shown, State,
};
use crate::words;

/// Most tokens of an answer.
const MAX_TOKENS: u32 = 64;
/// Most notices that stay on the page.
const NOTICES: usize = 6;
/// Runs of a measurement.
const RUNS: u32 = 5;
/// Seconds until a page whose engine has not come says so.
const LATE_S: u32 = 12;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The page is there; the device that its address asks for.
    Opened(Wish),
    /// The engine said something.
    Heard(Event),
    /// What was remembered before a reload.
    Restored {
        /// A new [`Chosen::number`].
        number: u32,
        /// What was remembered.
        saved: Saved,
    },
    /// The time of [`Effect::Remind`] is over.
    Reminded,
    /// The button that loads the models, or loads them again.
    Load,
    /// The button that ends a download.
    Cancel,
    /// The button that removes downloads.
    Forget,
    /// The button of `bench.html`.
    Measure,
    /// A button beside a problem.
    Remedy(Remedy),
    /// A picture was chosen; its bytes follow.
    Chosen(Chosen),
    /// The bytes of a picture that was chosen.
    Bytes {
        /// [`Chosen::number`].
        number: u32,
        /// The file.
        bytes: Vec<u8>,
    },
    /// A picture that was chosen has no bytes, or none that help.
    Unreadable {
        /// [`Chosen::number`].
        number: u32,
        /// Why, and what would help.
        sentence: String,
    },
    /// What was dropped, pasted or opened is no picture at all.
    NoPicture(String),
    /// Something worth knowing about what the visitor did.
    Remark(String),
    /// The visitor asks what is written in the box.
    Ask(String),
    /// The visitor pressed a question to try.
    Try(String),
    /// The visitor ends the answers.
    Stop,
}

/// Something to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// End the engine that runs, if one does, and start another on that device.
    StartEngine(Wish),
    /// Tell the engine.
    Send(Command),
    /// Give the engine a picture, and keep the file for the next engine.
    Give {
        /// The page's number of the picture.
        number: u32,
        /// The file.
        bytes: Vec<u8>,
    },
    /// Give a new engine the picture that was kept.
    GiveAgain(u32),
    /// Keep the pixels to be drawn.
    Keep {
        /// The page's number of the picture.
        number: u32,
        /// Its pixels.
        preview: Preview,
    },
    /// Fetch a picture of the gallery; its bytes are [`Input::Bytes`].
    Fetch {
        /// The page's number of the picture.
        number: u32,
        /// Its file.
        file: String,
    },
    /// Remember this for a reload, in this tab alone.
    Remember(Saved),
    /// Write a question into the box.
    Fill(String),
    /// Have the browser keep the page itself for visits without a network.
    KeepPage,
    /// Ask the browser not to remove what it keeps for this page.
    Persist,
    /// Say [`Input::Reminded`] after so many seconds.
    Remind(u32),
    /// Load the page anew.
    Reload,
}

/// Changes the state; gives what has to be done, in order.
pub(crate) fn update(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Opened(wish) => {
            state.wish = wish;
            start(state)
        }
        Input::Heard(event) => heard(state, event),
        Input::Reminded => {
            if state.engine == Engine::Starting {
                state.engine = Engine::Late;
            }
            Vec::new()
        }
        Input::Load => load(state),
        Input::Cancel => match &mut state.loading {
            Loading::Fetching { cancelling, .. } if !*cancelling => {
                *cancelling = true;
                vec![Effect::Send(Command::Cancel)]
            }
            _ => Vec::new(),
        },
        Input::Forget => vec![Effect::Send(Command::Forget)],
        Input::Measure => {
            if state.loaded().is_none() || state.measuring == Measuring::Running {
                return Vec::new();
            }
            state.measuring = Measuring::Running;
            vec![Effect::Send(Command::Measure { runs: RUNS })]
        }
        Input::Remedy(Remedy::Reload) => vec![Effect::Reload],
        Input::Remedy(Remedy::Restart) => start(state),
        Input::Remedy(Remedy::Processor) => {
            state.wish = Wish::Cpu;
            start(state)
        }
        Input::Restored { number, saved } => restored(state, number, saved),
        Input::Chosen(chosen) => {
            state.restored = None;
            state.picture_note.clear();
            state.picture.coming = Some(chosen);
            Vec::new()
        }
        Input::Bytes { number, bytes } if is_coming(&state.picture, number) => vec![Effect::Give { number, bytes }],
        // Another one was chosen meanwhile.
        Input::Bytes { .. } => Vec::new(),
        Input::Unreadable { number, sentence } => refused(state, number, sentence),
        Input::NoPicture(sentence) => {
            state.picture_note = sentence;
            Vec::new()
        }
        Input::Remark(sentence) => {
            notice(state, sentence);
            Vec::new()
        }
        Input::Ask(question) => ask(state, question),
        // The answers that come belong to the question in the box.
        Input::Try(_) if state.turn.answering || state.held.is_some() => Vec::new(),
        Input::Try(question) => {
            let mut effects = vec![Effect::Fill(question.clone())];
            effects.extend(ask(state, question));
            effects
        }
        Input::Stop => {
            if state.held.take().is_some() || !state.turn.answering {
                return Vec::new();
            }
            state.turn.stopping = true;
            vec![Effect::Send(Command::Stop {
                turn: state.turn.number,
            })]
        }
    }
}

fn is_coming(picture: &Picture, number: u32) -> bool {
    picture.coming.as_ref().is_some_and(|coming| coming.number == number)
}

/// A first engine, or another.
fn start(state: &mut State) -> Vec<Effect> {
    state.engine = Engine::Starting;
    state.problem = None;
    stopped(state);
    let mut effects = vec![Effect::StartEngine(state.wish), Effect::Remind(LATE_S)];
    let picture = &state.picture;
    let last = picture
        .coming
        .as_ref()
        .or(picture.shown.as_ref().map(|shown| &shown.chosen));
    effects.extend(last.map(|chosen| Effect::GiveAgain(chosen.number)));
    effects
}

/// The picture comes first; its answers when it is seen.
fn restored(state: &mut State, number: u32, saved: Saved) -> Vec<Effect> {
    let mut effects = vec![Effect::Fill(saved.turn.question.clone())];
    if let Some(chosen) = saved.chosen
        && let Some(file) = chosen.gallery.clone()
    {
        state.picture.coming = Some(Chosen { number, ..chosen });
        state.restored = Some(saved.turn);
        effects.push(Effect::Fetch { number, file });
    }
    effects
}

/// What a reload should get back of the state.
fn remember(state: &State) -> Effect {
    let shown = state.picture.shown.as_ref().map(|shown| &shown.chosen);
    Effect::Remember(Saved {
        chosen: shown.filter(|chosen| chosen.gallery.is_some()).cloned(),
        turn: state.turn.clone(),
    })
}

/// Nothing more comes from the engine that ran.
fn stopped(state: &mut State) {
    state.loading = Loading::Not;
    state.measuring = Measuring::Not;
    state.held = None;
    ended(state);
}

/// No more of the answers comes.
fn ended(state: &mut State) {
    (state.turn.answering, state.turn.stopping) = (false, false);
    for pane in &mut state.turn.panes {
        if matches!(pane.phase, Phase::Waiting | Phase::Looking | Phase::Answering) {
            pane.phase = Phase::Stopped;
        }
    }
}

fn load(state: &mut State) -> Vec<Effect> {
    if state.engine != Engine::Ready || state.is_loading() || state.loaded().is_some() {
        return Vec::new();
    }
    state.loading = Loading::Fetching {
        waiting_s: None,
        cancelling: false,
    };
    state.problem = None;
    vec![Effect::Send(Command::Load)]
}

/// What has come of a load that did not end well is here, if the browser keeps anything.
fn unloaded(state: &mut State) {
    let keeps = state.store.is_some_and(|store| store != Store::Memory);
    for (file, progress) in state.files.iter_mut().zip(&mut state.progress) {
        if keeps {
            file.cached = file.cached.max(progress.verified);
        }
        *progress = Progress {
            cached: file.cached,
            ..Progress::default()
        };
    }
}

fn refused(state: &mut State, number: u32, sentence: String) -> Vec<Effect> {
    if is_coming(&state.picture, number) {
        state.picture.coming = None;
        state.held = None;
        state.picture_note = sentence;
    }
    Vec::new()
}

fn ask(state: &mut State, question: String) -> Vec<Effect> {
    if state.loaded().is_none() || state.turn.answering {
        return Vec::new();
    }
    if question.trim().is_empty() {
        state.question_note = "Type a question first, or press one of those below.".into();
        return Vec::new();
    }
    state.question_note.clear();
    if state.picture.coming.is_some() {
        state.held = Some(question);
        return Vec::new();
    }
    let Some(shown) = &state.picture.shown else {
        return Vec::new();
    };
    let picture = shown.chosen.number;
    let panes = panes(state, Phase::Waiting);
    let turn = &mut state.turn;
    turn.number += 1;
    turn.question.clone_from(&question);
    (turn.answering, turn.stopping, turn.outside) = (true, false, false);
    turn.panes = panes;
    state.said.clear();
    vec![Effect::Send(Command::Ask {
        turn: turn.number,
        picture,
        question,
        max_tokens: MAX_TOKENS,
    })]
}

/// Empty panes, one per model.
fn panes(state: &State, phase: Phase) -> Vec<Pane> {
    let models = state.models.iter();
    models
        .map(|model| Pane {
            model: model.id.clone(),
            phase,
            ..Pane::default()
        })
        .collect()
}

fn heard(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Ready { .. }
        | Event::Progress { .. }
        | Event::Waiting { .. }
        | Event::Compiling { .. }
        | Event::Loaded(_)
        | Event::LoadFailed { .. }
        | Event::Cancelled => return loading(state, event),
        Event::Notice { sentence } => notice(state, sentence),
        Event::Broken { sentence, remedy } => broken(state, sentence, remedy),
        Event::Forgotten { bytes } => {
            state.files.iter_mut().for_each(|file| file.cached = 0);
            if state.loaded().is_none() {
                state.progress.fill(Progress::default());
            }
            notice(
                state,
                format!("{} were removed from this browser.", words::bytes(bytes)),
            );
        }
        Event::Measured(measured) => state.measuring = Measuring::Done(measured),
        Event::Picture {
            picture,
            width,
            height,
            preview,
        } => return shown(state, picture, [width, height], preview),
        Event::PictureRefused { picture, sentence } => return refused(state, picture, sentence),
        Event::Done { turn } if turn == state.turn.number => {
            ended(state);
            return vec![remember(state)];
        }
        event => answer(state, event),
    }
    Vec::new()
}

/// What belongs to the engine's start, and to the models on their way.
fn loading(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Ready {
            machine,
            models,
            files,
            store,
            ..
        } => {
            (state.machine, state.store) = (Some(machine), Some(store));
            ready(state, models, files);
            return vec![Effect::KeepPage];
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
        Event::Compiling { model } => {
            let number = match state.loading {
                Loading::Preparing { number, .. } => number + 1,
                _ => 1,
            };
            state.loading = Loading::Preparing { model, number };
        }
        Event::Loaded(loaded) => {
            state.problem = None;
            state.machine = Some(loaded.machine.clone());
            state.loading = Loading::Loaded(loaded);
            if state.store.is_some_and(|store| store != Store::Memory) {
                state.files.iter_mut().for_each(|file| file.cached = file.bytes);
                return vec![Effect::Persist];
            }
        }
        Event::LoadFailed { sentence } => {
            state.loading = Loading::Failed;
            unloaded(state);
            // The button that loads says "Try again", and stands just below.
            state.problem = Some(Problem {
                sentence,
                remedy: None,
                other: None,
            });
        }
        Event::Cancelled => {
            state.loading = Loading::Not;
            unloaded(state);
        }
        _ => {}
    }
    Vec::new()
}

/// The engine runs, and has said what it would load.
fn ready(state: &mut State, models: Vec<ModelInfo>, files: Vec<FileInfo>) {
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
}

fn notice(state: &mut State, sentence: String) {
    state.notices.retain(|other| *other != sentence);
    state.notices.push(sentence);
    if state.notices.len() > NOTICES {
        state.notices.remove(0);
    }
}

fn broken(state: &mut State, sentence: String, remedy: sightline_messages::Remedy) {
    // What follows from a first fault explains it less well.
    if state.engine == Engine::Gone && state.problem.is_some() {
        return;
    }
    let restart = remedy == sightline_messages::Remedy::Restart;
    let other = (restart && !state.on_processor() && state.machine.is_some()).then_some(Remedy::Processor);
    stopped(state);
    state.engine = Engine::Gone;
    state.problem = Some(Problem {
        sentence,
        remedy: Some(if restart { Remedy::Restart } else { Remedy::Reload }),
        other,
    });
}

/// A picture was decoded: it takes the place of the one before, whose answers go with it.
fn shown(state: &mut State, number: u32, [width, height]: [u32; 2], preview: Preview) -> Vec<Effect> {
    let keep = Effect::Keep { number, preview };
    if !is_coming(&state.picture, number) {
        // A new engine was given the picture that is seen.
        let again = state
            .picture
            .shown
            .as_ref()
            .is_some_and(|shown| shown.chosen.number == number);
        return if again { vec![keep] } else { Vec::new() };
    }
    let Some(chosen) = state.picture.coming.take() else {
        return Vec::new();
    };
    let mut effects = vec![keep];
    if state.turn.answering {
        effects.push(Effect::Send(Command::Stop {
            turn: state.turn.number,
        }));
    }
    state.suggestions = if chosen.questions.is_empty() {
        let kinds = state.models.first().map(|model| &model.kinds[..]).unwrap_or_default();
        kinds.iter().map(|kind| kind.example.clone()).collect()
    } else {
        chosen.questions.clone()
    };
    state.picture_note.clear();
    state.picture.shown = Some(Shown { chosen, width, height });
    // What the stopped turn still says is about the picture before.
    state.turn = crate::state::Turn {
        number: state.turn.number + 1,
        panes: panes(state, Phase::Idle),
        ..Default::default()
    };
    state.said.clear();
    if let Some(turn) = state.restored.take()
        && turn
            .panes
            .iter()
            .map(|pane| &pane.model)
            .eq(state.models.iter().map(|model| &model.id))
    {
        state.turn = crate::state::Turn {
            number: state.turn.number,
            ..turn
        };
        ended(state);
    }
    effects.push(remember(state));
    if let Some(question) = state.held.take() {
        effects.extend(ask(state, question));
    }
    effects
}

/// What belongs to a question. That of an earlier one is not shown.
fn answer(state: &mut State, event: Event) {
    let now = state.turn.number;
    match event {
        Event::Started {
            turn, outside_training, ..
        } if turn == now => state.turn.outside = outside_training,
        Event::Looking { turn, model } if turn == now => in_pane(state, &model, |pane| pane.phase = Phase::Looking),
        Event::Looked {
            turn, model, reused, ..
        } if turn == now => in_pane(state, &model, |pane| {
            pane.reused = reused;
            pane.phase = Phase::Answering;
        }),
        Event::Text { turn, model, text } if turn == now => in_pane(state, &model, |pane| pane.text += &text),
        Event::Answered { turn, answer } if turn == now => answered(state, answer),
        Event::Refused { turn, sentence } if turn == now => state.question_note = sentence,
        _ => {}
    }
}

fn answered(state: &mut State, answer: Answer) {
    state.said = format!("{}: {}", state.model_name(&answer.model), answer.text);
    let model = answer.model.clone();
    in_pane(state, &model, |pane| {
        pane.phase = if answer.stopped { Phase::Stopped } else { Phase::Done };
        pane.text = if answer.text.is_empty() {
            "(nothing)".into()
        } else {
            answer.text.clone()
        };
        pane.answer = Some(answer);
    });
}

fn in_pane(state: &mut State, model: &str, work: impl FnOnce(&mut Pane)) {
    if let Some(pane) = state.turn.panes.iter_mut().find(|pane| pane.model == model) {
        work(pane);
    }
}

#[cfg(test)]
mod tests;
