//! Maps of every model, one after the other.

use sightline_messages::{Backend, Event, LookEvent, Machine, MapQuery, Remedy};
use sightline_vision::Picture;
use sightline_vlm::{Map, Vlm, VlmError};

use super::browser::pause;
use super::failure::of_question;
use super::outbox::Outbox;
use super::sentence::sentence;
use super::signals::Stop;
use super::state::State;

/// Side of what is covered at once where encoding a picture takes long, in patches.
const SLOW_CELL: u32 = 2;

impl State {
    /// Answers [`sightline_messages::LookCommand::Map`].
    pub(super) async fn look(&mut self, look: u32, picture: u32, query: MapQuery) {
        let (outbox, done) = (self.outbox.clone(), Event::Look(LookEvent::Done { look }));
        let (Some(arms), Some(picture)) = (&mut self.arms, self.pictures.numbered(picture)) else {
            outbox.notice("There is nothing to look into: the models or the picture are not here.");
            return outbox.send(&done);
        };
        let wanted = MapQuery {
            cell: cell(&query, &arms.machine),
            ..query
        };
        let steps = Steps {
            outbox: &outbox,
            stop: &self.looks,
            look,
        };
        for model in arms.models.loaded() {
            match steps.map(model, &picture, &wanted).await {
                Ok(map) => outbox.send(&Event::Look(LookEvent::Found { look, map })),
                Err(VlmError::Stopped) => break,
                Err(error) => match missing(&error) {
                    Some(sentence) => outbox.send(&Event::Look(LookEvent::Missing {
                        look,
                        model: model.id().to_owned(),
                        sentence,
                    })),
                    None => {
                        outbox.send(&of_failure(&error));
                        break;
                    }
                },
            }
        }
        outbox.send(&done);
    }
}

/// Side of what is covered at once.
fn cell(query: &MapQuery, machine: &Machine) -> u32 {
    match query.cell {
        0 if machine.software || machine.backend == Backend::Cpu => SLOW_CELL,
        cell => cell,
    }
}

/// The sentence about a map that a model does not have.
fn missing(error: &VlmError) -> Option<String> {
    match error {
        VlmError::NoMap { why, .. } => Some(sentence(why)),
        VlmError::NoPicture => Some("Ask a question about this picture first.".to_owned()),
        error @ VlmError::NoWord { .. } => Some(sentence(error)),
        _ => None,
    }
}

/// A question at fault is a notice here, and anything else the engine's end.
fn of_failure(error: &VlmError) -> Event {
    match of_question(0, error) {
        Event::Refused { sentence, .. } => Event::Notice { sentence },
        Event::Broken { sentence, .. } => Event::Broken {
            sentence,
            remedy: Remedy::Restart,
        },
        event => event,
    }
}

/// Tells how far a map is, and lets a stop in.
struct Steps<'a> {
    outbox: &'a Outbox,
    stop: &'a Stop,
    look: u32,
}

impl Steps<'_> {
    async fn map(&self, model: &mut Vlm, picture: &Picture, query: &MapQuery) -> Result<Map, VlmError> {
        let id = model.id().to_owned();
        pause().await;
        if self.stop.asked(self.look) {
            return Err(VlmError::Stopped);
        }
        let steps = async |done: usize, all: usize| {
            self.outbox.send(&Event::Look(LookEvent::Progress {
                look: self.look,
                model: id.clone(),
                done: done as u32,
                all: all as u32,
            }));
            pause().await;
            !self.stop.asked(self.look)
        };
        model.map(picture, query, steps).await
    }
}
