//! What each thing that happens changes, and what has to be done about it. Nothing here touches the
//! browser.

mod camera;
mod effect;
mod engine;
mod history;
mod input;
pub(crate) mod link;
mod look;
mod notices;
mod own;
mod picture;
mod recorded;
mod recovery;
mod settings;
mod turn;

use sightline_messages::{Command, Event};

use crate::judging::judge;
use crate::own::OwnInput;
use crate::state::{Loading, Progress, Remedy, Sharing, State};
use crate::words;

pub(crate) use effect::Effect;
pub(crate) use engine::load;
pub(crate) use input::{Input, Reminder};
use notices::notice;

/// Changes the state; gives what has to be done, in order.
pub(crate) fn update(state: &mut State, input: Input) -> Vec<Effect> {
    let effects = happened(state, input);
    // A link is one to what is shown.
    if !link::is_shareable(state) {
        state.sharing = Sharing::default();
    }
    effects
}

fn happened(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Opened(wish) => {
            state.wish = wish.or(state.device).unwrap_or_default();
            engine::start(state)
        }
        Input::Heard(event) => heard(state, event),
        Input::Reminded(of) => {
            match of {
                Reminder::Start(engine) => engine::late(state, engine),
                Reminder::Prepare(engine, model) => engine::slow(state, engine, model),
                Reminder::Stop(turn) => turn::stuck(state, turn),
            }
            Vec::new()
        }
        Input::Load => engine::load(state),
        Input::Cancel => match &mut state.loading {
            Loading::Fetching { cancelling, .. } if !*cancelling => {
                *cancelling = true;
                vec![Effect::Send(Command::Cancel)]
            }
            Loading::Preparing { .. } => engine::give_up(state),
            _ => Vec::new(),
        },
        Input::Forget => vec![Effect::Send(Command::Forget)],
        // `lab` has done it, on the pages that have it.
        Input::Lab(_) => Vec::new(),
        Input::Left(mark) => {
            state.problem = Some(mark.offer());
            Vec::new()
        }
        Input::Remedy(Remedy::Dismiss) => {
            state.problem = None;
            Vec::new()
        }
        Input::Remedy(Remedy::Reload) => vec![Effect::Reload],
        Input::Remedy(Remedy::Restart) => engine::start(state),
        Input::Remedy(Remedy::Processor) => engine::on_processor(state),
        Input::Remedy(Remedy::PageModels) => own::choose(state, OwnInput::Page),
        other => given(state, other),
    }
}

/// The visitor gives a picture, or asks about it.
fn given(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Restored { number, saved } => picture::restored(state, number, saved),
        Input::Chosen(chosen) => {
            picture::chosen(state, chosen);
            Vec::new()
        }
        Input::Listed(listed) => {
            picture::listed(state, listed);
            Vec::new()
        }
        Input::Bytes { number, bytes } => picture::arrived(state, number, bytes),
        Input::Unreadable { number, sentence } => picture::refused(state, number, sentence),
        Input::NoPicture(sentence) => {
            state.picture_note = sentence;
            Vec::new()
        }
        Input::Remark(sentence) => {
            notice(state, sentence);
            Vec::new()
        }
        Input::Look(input) => look::input(state, input),
        Input::Ask(question) => {
            let mut effects = look::stop(state);
            effects.extend(turn::ask(state, question));
            effects
        }
        // The answers that come belong to the question in the box.
        Input::Try(_) if state.turn.answering || state.held.is_some() => Vec::new(),
        Input::Try(question) if state.loaded().is_none() => match recorded::show(state, &question) {
            effects if effects.is_empty() => vec![Effect::Fill(question)],
            effects => effects,
        },
        Input::Try(question) => {
            let mut effects = look::stop(state);
            effects.push(Effect::Fill(question.clone()));
            effects.extend(turn::ask(state, question));
            effects
        }
        Input::Stop => {
            state.camera.stop();
            turn::stop(state)
        }
        Input::Again => settings::ask_again(state),
        Input::Mark(mark) => {
            state.marks.set(mark);
            Vec::new()
        }
        Input::Camera(input) => camera::input(state, input),
        Input::Card => link::card(state),
        Input::Own(input) => own::choose(state, input),
        Input::Set(setting) => settings::set(state, setting),
        other => besides(state, other),
    }
}

/// What stands beside the answers: those that were recorded, earlier ones, links.
fn besides(state: &mut State, input: Input) -> Vec<Effect> {
    match input {
        Input::Recorded(recorded) => recorded::came(state, *recorded),
        Input::Featured(chosen) => recorded::featured(state, chosen),
        Input::Revisit(index) => history::revisit(state, index),
        Input::SaveHistory => vec![Effect::SaveHistory],
        Input::Judge(truth) => {
            judge(state, truth);
            Vec::new()
        }
        Input::RunHere => engine::run_here(state),
        Input::Linked { number, shared } => link::opened(state, number, *shared),
        Input::NotLinked(sentence) => {
            state.linked = None;
            notice(state, sentence);
            Vec::new()
        }
        Input::Hashed { number, sha256 } => {
            link::hashed(state, number, &sha256);
            Vec::new()
        }
        Input::Share { picture } => link::share(state, picture),
        Input::Cite => link::cite(state),
        Input::Made(made) => link::made(state, made),
        Input::NotMade(sentence) => {
            state.sharing = Sharing {
                note: sentence,
                ..Sharing::default()
            };
            Vec::new()
        }
        Input::Copied(copied) => {
            link::copied(state, copied);
            Vec::new()
        }
        // Every other one is above.
        _ => Vec::new(),
    }
}

fn heard(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Ready { .. }
        | Event::Progress { .. }
        | Event::Waiting { .. }
        | Event::Compiling { .. }
        | Event::Loaded(_)
        | Event::LoadFailed { .. }
        | Event::Cancelled => return engine::loading(state, event),
        Event::Notice { sentence } => notice(state, sentence),
        Event::Broken { sentence, remedy } => return engine::broken(state, sentence, remedy),
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
        Event::Look(event) => look::heard(state, event),
        Event::Picture {
            picture,
            width,
            height,
            preview,
        } => return picture::shown(state, picture, [width, height], preview),
        Event::PictureRefused { picture, sentence } => return picture::refused(state, picture, sentence),
        Event::Done { turn } => {
            let mut effects = turn::done(state, turn);
            effects.extend(camera::answered(state));
            return effects;
        }
        event => turn::answer(state, event),
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
