//! `cargo xtask house`: sizes, circles of imports, documentation and sentences, measured by a
//! script.

use std::process::Command;

use anyhow::Result;

use crate::cli::HouseArgs;
use crate::repo::root;
use crate::shell::{command, succeeds};

/// Prints the table of docs/architecture.md.
pub(crate) fn run(args: &HouseArgs) -> Result<bool> {
    let mut measure = measure();
    if args.list {
        measure.arg("--list");
    }
    succeeds(&mut measure)
}

/// Fails if anything breaks a rule, and names it.
pub(crate) fn check() -> Command {
    let mut measure = measure();
    measure.arg("--check");
    measure
}

fn measure() -> Command {
    let mut python = command("python3");
    python.arg(root().join("tests/house/measure.py"));
    python
}
