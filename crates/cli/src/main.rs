//! The `sightline` program: arguments and printing only.

mod args;
mod commands;
mod device;
mod failure;
mod output;
mod weights;

use std::process::ExitCode;

use clap::FromArgMatches;

use args::{Cli, Command};
use failure::Failure;

/// What says which of several GPUs Mesa's Vulkan layer puts first, or that there is a session to
/// ask.
#[cfg(target_os = "linux")]
const MESA_WISHES: [&str; 6] = [
    "XDG_RUNTIME_DIR",
    "WAYLAND_DISPLAY",
    "DISPLAY",
    "MESA_VK_DEVICE_SELECT",
    "DRI_PRIME",
    "NODEVICE_SELECT",
];

/// Outside a desktop session (a container, a cluster), Mesa's layer for choosing a GPU finds no
/// Wayland to ask and prints an error for every look at the devices, so it is left out there. Its
/// order of several GPUs of one kind goes with it; who wishes for one (`MESA_VK_DEVICE_SELECT`,
/// `DRI_PRIME`) keeps the layer.
#[cfg(target_os = "linux")]
fn leave_out_mesa_layer() {
    if MESA_WISHES.iter().all(|name| std::env::var_os(name).is_none()) {
        // SAFETY: the first thing that `main` does: no other thread reads the environment yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    leave_out_mesa_layer();
    let cli = match args::command()
        .try_get_matches()
        .and_then(|mut found| Cli::from_arg_matches_mut(&mut found))
    {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    ended(run(&cli))
}

/// The exit code, and the one sentence of a failure.
fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&format!("sightline: {failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// Prints help, the version, or what is wrong with the arguments.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Not by clap itself, which passes over a disk that is full.
        let text = error.render();
        let text = match output::colour() {
            true => text.ansi().to_string(),
            false => text.to_string(),
        };
        return ended(output::raw(text.as_bytes()));
    }
    if let Some(problem) = args::empty_variable(error) {
        return ended(Err(Failure::new(failure::USAGE, problem)));
    }
    let harmless = |text: std::ffi::OsString| output::visible(&text.to_string_lossy(), "\t") == text.to_string_lossy();
    if std::env::args_os().all(harmless) {
        error.exit();
    }
    // Repeats an argument that would steer the terminal.
    let text = error.to_string();
    text.trim_end().lines().for_each(output::note);
    ExitCode::from(failure::USAGE)
}

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Ask(ask) => commands::ask::run(ask, &cli.global),
        Command::Models(models) => commands::models::run(models, &cli.global),
        Command::Doctor(doctor) => commands::doctor::run(doctor, &cli.global),
        Command::Bench(bench) => commands::bench::run(bench, &cli.global),
        Command::Eval(eval) => commands::eval::run(eval, &cli.global),
        Command::Compare(compare) => commands::compare::run(compare),
        Command::Report(report) => commands::report::run(report),
        Command::Merge(merge) => commands::merge::run(merge),
        #[cfg(feature = "probe")]
        Command::Probe(probe) => commands::probe::run(probe, &cli.global),
        #[cfg(not(feature = "probe"))]
        Command::Probe(_) => Err(Failure::new(
            failure::USAGE,
            "this program was built without `probe`; `cargo build --release --package sightline` builds it whole",
        )),
        Command::Tasks(tasks) => commands::tasks::run(tasks),
        Command::Score(score) => commands::score::run(score),
        Command::Link(link) => commands::link::run(link, &cli.global),
        Command::Look(look) => commands::look::run(look, &cli.global),
        Command::Serve(serve) => commands::serve::run(serve),
        Command::Completions { shell } => commands::completions(*shell),
        Command::Man { command } => commands::man(command.as_deref()),
    }
}
