//! One file a command.

pub(crate) mod ask;
pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod link;
pub(crate) mod look;
pub(crate) mod merge;
pub(crate) mod models;
#[cfg(feature = "probe")]
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod tasks;

use crate::failure::{Failure, OrFail, RUNNING, USAGE};
use crate::{args, output};

/// Writes a completion script to stdout.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "sightline", &mut script);
    output::raw(&script)
}

/// Writes a manual page to stdout, in the language of `man`.
pub(crate) fn man(name: Option<&str>) -> Result<(), Failure> {
    let mut command = args::command();
    command.build();
    let chosen = match name {
        None => command,
        Some(name) => {
            let unknown = || Failure::new(USAGE, format!("no command `{name}`; `sightline --help` lists them"));
            command.find_subcommand(name).cloned().ok_or_else(unknown)?
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(chosen).render(&mut page).or_fail(RUNNING)?;
    output::raw(&page)
}
