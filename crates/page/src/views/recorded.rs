//! Where recorded answers were computed, and the button that computes them here.

use super::{Now, Seen, View};
use crate::dom::{on_id, set_text, show};
use crate::fetch::{in_time, json};
use crate::inbox::tell;
use crate::state::State;
use crate::update::Input;
use crate::words;

#[derive(Default)]
pub(super) struct RecordedAnswers {
    seen: Seen<Option<(String, String)>>,
}

impl RecordedAnswers {
    /// Fetches the answers. A page without them is whole.
    pub(super) fn open() -> Self {
        in_time(json("recorded.json"), |found| {
            if let Some(recorded) = found {
                tell(Input::Recorded(Box::new(recorded)));
            }
        });
        on_id("run-here", "click", |_| tell(Input::RunHere));
        Self::default()
    }
}

impl View for RecordedAnswers {
    fn show(&mut self, now: &Now<'_>) {
        let part = now.state.turn.made.as_ref().map(|made| {
            let said = format!(
                "Recorded: computed before your visit, on {}, by {}. Nothing was downloaded for it.",
                made.device, made.command
            );
            (said, button(now.state))
        });
        if !self.seen.is_new(part.clone()) {
            return;
        }
        show("recorded", part.is_some());
        if let Some((said, button)) = part {
            set_text("recorded-text", &said);
            set_text("run-here", &button);
        }
    }
}

/// What running it here costs.
fn button(state: &State) -> String {
    let (all, here) = state.bytes();
    match all.saturating_sub(here) {
        _ if state.is_loading() => "Coming…".into(),
        0 => "Run it here".into(),
        missing => format!("Run it here ({})", words::bytes(missing)),
    }
}
