//! `cargo xtask test --only page`: what a visitor can do on the built page, in headless browsers.

use anyhow::{Context, Result};

use crate::counts::Outcome;
use crate::node;
use crate::page::{self, Options, Source};
use crate::repo::{root, target};
use crate::setup::{self, Need};
use crate::shell::{cargo, command, follow, run as run_command, say};

/// Runs the cases whose name contains `filter`, on the page with the shipped models and on one with small ones.
pub(crate) fn run(filter: &str) -> Result<Outcome> {
    setup::ensure(&[Need::WasmTarget, Need::Chromium, Need::Firefox, Need::Node])?;
    let folder = root().join("tests/page");
    node::packages(&folder)?;
    say("building sightline, which serves the page");
    run_command(cargo().args(["build", "--release", "--package", "sightline", "--bin", "sightline"]))?;
    let mut outcome = Outcome::default();
    let good = page::build(&Options {
        out: page::default_out(),
        bundle: Source::Weights(root().join("weights")),
        quick: false,
    })?;
    outcome.judge("the page keeps its budgets of bytes", good);
    page::build(&Options {
        out: page::tiny_out(),
        bundle: Source::Tiny,
        quick: false,
    })?;
    say("running the page's tests in headless Chromium and Firefox");
    let mut node = command("node");
    node.arg("run.js")
        .arg(filter)
        .current_dir(&folder)
        .env("SIGHTLINE", target().join("release/sightline"))
        .env("PAGE", page::default_out())
        .env("PAGE_TINY", page::tiny_out())
        .env("SCREENSHOTS", target().join("page-screenshots"))
        .env("CHROMIUM", setup::chromium().context("Chromium vanished")?)
        .env("FIREFOX", setup::firefox().context("Firefox vanished")?);
    let failed = outcome.counts.failed;
    let good = follow(&mut node, |line| outcome.libtest_line(line))?;
    if !good && outcome.counts.failed == failed {
        outcome.counts.failed += 1;
        outcome
            .failures
            .push("the page's tests did not get to their end".to_owned());
    }
    Ok(outcome)
}
