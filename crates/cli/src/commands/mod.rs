//! One file a command.

pub mod ask;
pub mod bench;
pub mod doctor;
pub mod models;

use clap::CommandFactory;

/// Writes a completion script to stdout.
pub fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(
        shell,
        &mut crate::args::Cli::command(),
        "sightline",
        &mut std::io::stdout(),
    );
}
