//! One file a command.

pub(crate) mod ask;
pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod merge;
pub(crate) mod models;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod tasks;

use clap::CommandFactory;

/// Writes a completion script to stdout.
pub(crate) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(
        shell,
        &mut crate::args::Cli::command(),
        "sightline",
        &mut std::io::stdout(),
    );
}
