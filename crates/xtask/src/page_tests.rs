//! `cargo xtask test --only page`: what a visitor can do on the built page, in headless browsers.

use std::process::Command;

use anyhow::{Context, Result};

use crate::counts::Outcome;
use crate::node;
use crate::package;
use crate::page::{self, Options, Source};
use crate::repo::{SELECTIONS, root, target};
use crate::setup::{self, Need};
use crate::shell::{cargo, command, follow, run as run_command, say};

/// Runs the cases whose name contains `filter`, on the page with the shipped models and on one with
/// small ones. `renew`: pictures of states are kept instead of compared.
pub(crate) fn run(filter: &str, renew: bool) -> Result<Outcome> {
    prepare()?;
    let mut outcome = Outcome::default();
    outcome.judge("the page keeps its budgets of bytes", shipped_page()?);
    page::build(&Options {
        out: page::tiny_out(),
        bundle: Source::Tiny,
        quick: false,
        address: None,
        space: false,
    })?;
    package::build()?;
    say("running the page's tests in headless Chromium and Firefox");
    let failed = outcome.counts.failed;
    let mut cases = node("run.js")?;
    cases.arg(filter);
    if renew {
        cases.env("RENEW", "1");
    }
    let good = follow(&mut cases, |line| outcome.libtest_line(line))?;
    if !good && outcome.counts.failed == failed {
        outcome.counts.failed += 1;
        outcome
            .failures
            .push("the page's tests did not get to their end".to_owned());
    }
    Ok(outcome)
}

/// Installs what drives the browsers, and builds the program that serves the page.
pub(crate) fn prepare() -> Result<()> {
    setup::ensure(&[Need::WasmTarget, Need::Chromium, Need::Firefox, Need::Fonts, Need::Node])?;
    node::packages(&root().join("tests/page"))?;
    say("building sightline, which serves the page");
    // As the native tests build it, so that after them nothing is left to do: its own test is what
    // asks for the program.
    run_command(
        cargo()
            .args(["test", "--release", "--no-run", "--test", "serve"])
            .args(SELECTIONS[0]),
    )
}

/// Builds the page with the shipped models; whether it keeps its budgets.
pub(crate) fn shipped_page() -> Result<bool> {
    page::build(&Options {
        out: page::default_out(),
        bundle: Source::Weights(root().join("weights")),
        quick: false,
        address: None,
        space: false,
    })
}

/// Node with a script of `tests/page`, told where everything is.
pub(crate) fn node(script: &str) -> Result<Command> {
    let mut node = command("node");
    node.arg(script)
        .current_dir(root().join("tests/page"))
        .env("SIGHTLINE", target().join("release/sightline"))
        .env("SIGHTLINE_WEIGHTS", root().join("weights"))
        .env("PAGE", page::default_out())
        .env("PAGE_TINY", page::tiny_out())
        .env("NPM", package::out())
        .env("SCREENSHOTS", target().join("page-screenshots"))
        .env("MESSAGES_VERSION", sightline_messages::VERSION.to_string())
        .env("CHROMIUM", setup::chromium().context("Chromium vanished")?)
        .env("FIREFOX", setup::firefox().context("Firefox vanished")?);
    Ok(node)
}
