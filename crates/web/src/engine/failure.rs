//! Errors of the models as sentences with a remedy.

use sightline_messages::{Event, Remedy};
use sightline_vlm::VlmError;

use super::download::Missing;

/// A sentence for people: capital, full stop.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What to tell the page when a question could not be answered.
pub(super) fn of_question(turn: u32, error: &VlmError) -> Event {
    if error.is_question() {
        return Event::Refused {
            turn,
            sentence: sentence(error),
        };
    }
    Event::Broken {
        sentence: format!(
            "{} The GPU, or the memory of this page, gave out. Restart the engine; what was downloaded is kept.",
            sentence(error)
        ),
        remedy: Remedy::Restart,
    }
}

/// The same where the model itself may have gone. A turn that the visitor ended needs no words.
pub(super) fn of_turn(turn: u32, missing: Missing) -> Option<Event> {
    match missing {
        Missing::Model(error) => Some(of_question(turn, &error)),
        Missing::Failed(sentence) => Some(Event::Broken {
            sentence,
            remedy: Remedy::Restart,
        }),
        Missing::Cancelled => None,
    }
}
