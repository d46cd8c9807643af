//! The `sightline` program: arguments and printing only.

mod args;
mod commands;
mod device;
mod failure;
mod output;
mod weights;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sightline: {failure}");
            ExitCode::from(failure.code)
        }
    }
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
        Command::Tasks(tasks) => commands::tasks::run(tasks),
        Command::Score(score) => commands::score::run(score),
        Command::Serve(serve) => commands::serve::run(serve),
        Command::Completions { shell } => {
            commands::completions(*shell);
            Ok(())
        }
    }
}
