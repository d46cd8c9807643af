//! `cargo xtask first`: the program draws what the page begins with.

use anyhow::Result;

use crate::page::first::FILE;
use crate::page_tests;
use crate::repo::root;
use crate::shell::{run as run_command, say};

/// Runs the command.
pub(crate) fn run() -> Result<bool> {
    page_tests::prepare()?;
    page_tests::shipped_page()?;
    let out = root().join("www").join(FILE);
    run_command(page_tests::node("first.js")?.env("FIRST_OUT", &out))?;
    say(format!("what the page begins with is in {}", out.display()));
    Ok(true)
}
