//! What the page is told when a question cannot be answered.

use sightline_messages::{Event, Remedy};
use sightline_vlm::VlmError;

use super::download::Missing;
use super::sentence::sentence;

/// A question that is at fault is refused; anything else is the engine's end.
pub(super) fn of_question(turn: u32, error: &VlmError) -> Event {
    if error.is_question() {
        return Event::Refused {
            turn,
            sentence: sentence(error),
        };
    }
    Event::Broken {
        sentence: format!("{} The GPU, or the memory of this page, gave out.", sentence(error)),
        remedy: match error.is_device() {
            true => Remedy::Resume,
            false => Remedy::Restart,
        },
    }
}

/// The same where the model itself may have gone. A turn that the visitor ended needs no words.
pub(super) fn of_turn(turn: u32, missing: Missing) -> Option<Event> {
    match missing {
        Missing::Model(error) => Some(of_question(turn, &error)),
        Missing::Failed(sentence) | Missing::WrongDevice(sentence) => Some(Event::Broken {
            sentence,
            remedy: Remedy::Restart,
        }),
        Missing::Cancelled => None,
    }
}
