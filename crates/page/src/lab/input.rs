//! What can happen on the pages of the second module alone.

use sightline_messages::EvaluateJob;

/// What can happen on them.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The button of `bench.html`.
    Measure,
    /// The largest picture that is measured, px.
    Most(u32),
    /// The button that measures encoders over picture sizes.
    Sweep,
    /// The button that ends it.
    StopSweep,
    /// Something of `evaluate.html`.
    Evaluate(Evaluate),
}

/// What a visitor of `evaluate.html` does.
#[derive(Clone, Debug)]
pub(crate) enum Evaluate {
    /// This is the page.
    Here,
    /// Opened a folder; its files wait to be sent.
    Opened {
        /// Its name.
        name: String,
        /// Path of every file below it.
        paths: Vec<String>,
    },
    /// Changed the form, whose button says what it would load.
    Changed,
    /// Starts a job.
    Start(EvaluateJob),
    /// Goes on with the job that was cut off.
    GoOn,
    /// Ends the job.
    Stop,
    /// Asks for the report.
    Report,
    /// Asks to save the report that is shown.
    SaveReport,
    /// Asks for all runs.
    Export,
    /// Opened runs of another device; the files wait to be sent.
    Agree {
        /// Folder of the run of this browser to compare; none for all that have a counterpart.
        folder: Option<String>,
        /// Path of every file.
        paths: Vec<String>,
    },
    /// Removes a run.
    Remove(String),
}
