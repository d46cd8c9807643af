//! The developers' commands: `cargo xtask demo | page | package | test | check | house | goldens |
//! agree | peers | record | first | bench | device`.
//!
//! They need Rust, git and Python. What else a command wants it installs after saying so, or names
//! and stops.

mod agree;
mod bench;
mod browser;
mod check;
mod cli;
mod counts;
mod demo;
mod devices;
mod first;
mod goldens;
mod house;
mod node;
mod package;
mod page;
mod page_tests;
mod peers;
mod python;
mod record;
mod repo;
mod setup;
mod shell;
mod test;
mod wasm;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Page(args) => page::run(&args),
        Command::Package => package::run(),
        Command::Test(args) => test::run(&args),
        Command::Check(args) => check::run(&args),
        Command::House(args) => house::run(&args),
        Command::Goldens(args) => goldens::run(&args),
        Command::Agree(args) => agree::run(&args),
        Command::Peers(args) => peers::run(&args),
        Command::Record(args) => record::run(&args),
        Command::First => first::run(),
        Command::Device(args) => devices::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        // What failed is printed where it failed, and the counts are the last line.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
