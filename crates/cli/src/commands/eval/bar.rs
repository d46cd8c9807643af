//! How far a run is, on stderr.

use std::ops::ControlFlow;

use indicatif::ProgressBar;
use sightline_eval::scorer::{Outcome, Scorer};
use sightline_evaluation::run::Progress;

use crate::output;

/// Progress with the time that is left and the score so far; silent off a terminal.
pub(super) struct Bar {
    pub bar: ProgressBar,
    scored: usize,
    sum: f64,
}

impl Bar {
    pub(super) fn new(doing: &str) -> Self {
        let bar = output::bar(0, doing, "{prefix} [{bar:30}] {pos}/{len} {per_sec} {eta} {msg}");
        bar.set_message("");
        Self {
            bar,
            scored: 0,
            sum: 0.0,
        }
    }

    /// Shows how far it is. Nothing here ends a run.
    pub(super) fn show(&mut self, progress: &Progress<'_>, scorer: &dyn Scorer) -> ControlFlow<()> {
        for record in progress.new {
            let readable = !matches!(record.outcome, Outcome::Unreadable(_));
            self.sum += scorer
                .score(record)
                .ok()
                .filter(|_| readable)
                .map_or(0.0, |score| score.score);
            self.scored += 1;
        }
        self.bar.set_length(progress.of as u64);
        if self.bar.position() == 0 {
            // What was there before this process says nothing of its speed.
            self.bar.reset_eta();
        }
        self.bar.set_position(progress.done as u64);
        if self.scored > 0 {
            self.bar
                .set_message(format!("score {:.1} %", 100.0 * self.sum / self.scored as f64));
        }
        ControlFlow::Continue(())
    }
}
