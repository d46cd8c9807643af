//! `cargo xtask demo`: from a clone to two answers, on the page or in the terminal.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::DemoArgs;
use crate::page;
use crate::repo::{root, target};
use crate::shell::{cargo, command, run as run_command, say, succeeds};

/// The sample asked about, below the repository's root, and its question.
const SAMPLE: &str = "tests/pictures/sample.png";
const QUESTION: &str = "Where is the pizza?";

/// The program with what a demo asks of it: without `probe`, and so without Burn.
const BUILD: [&str; 5] = [
    "build",
    "--release",
    "--package=sightline",
    "--bin=sightline",
    "--no-default-features",
];

pub(crate) fn run(args: &DemoArgs) -> Result<bool> {
    if args.terminal { terminal(args) } else { serve(args) }
}

/// Builds the page and serves it until Ctrl-C.
fn serve(args: &DemoArgs) -> Result<bool> {
    say("1/3 building sightline, which serves the page (about 7 minutes on two cores when nothing is built yet)");
    run_command(cargo().args(BUILD))?;
    say("2/3 building the page (about 4 minutes on two cores when nothing is built yet)");
    page::build(&page::Options {
        out: page::default_out(),
        bundle: page::Source::Weights(root().join("weights")),
        quick: true,
        address: None,
        space: false,
    })?;
    say("3/3 serving it on this machine only; open the address in a browser, WebGPU makes it quick");
    succeeds(
        command(target().join("release/sightline"))
            .arg("serve")
            .arg("--page")
            .arg(page::default_out())
            .arg("--port")
            .arg(args.port.to_string()),
    )
}

/// Asks one picture, in the terminal.
fn terminal(args: &DemoArgs) -> Result<bool> {
    let image = picture(args.image.as_deref())?;
    let question = args.question.as_deref().unwrap_or(QUESTION);
    say("1/3 building sightline (about 7 minutes on two cores when nothing is built yet)");
    run_command(cargo().args(BUILD))?;
    let sightline = target().join("release/sightline");
    say("2/3 fetching the language model, 98 MB, unless it is here already (about a minute; its hash is checked)");
    run_command(command(&sightline).args(["models", "--fetch"]))?;
    say(format!(
        "3/3 asking both models about {} (seconds on a GPU, up to half a minute without)",
        image.display()
    ));
    run_command(
        command(&sightline)
            .arg("ask")
            .arg(&image)
            .arg(question)
            .arg("--draw")
            .arg(&args.draw),
    )?;
    let drawn = root().join(&args.draw);
    if drawn.is_file() {
        say(format!("the picture with the boxes: {}", drawn.display()));
    }
    say(format!("ask your own: {} ask PICTURE QUESTION", sightline.display()));
    Ok(true)
}

/// The picture as a full path: the commands run in the repository's root, the path was typed
/// elsewhere.
fn picture(typed: Option<&Path>) -> Result<PathBuf> {
    let Some(path) = typed else {
        return Ok(root().join(SAMPLE));
    };
    let full = std::path::absolute(path).with_context(|| format!("no such path: {}", path.display()))?;
    if !full.is_file() {
        bail!("there is no picture at {}", full.display());
    }
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_picture_is_named() {
        let error = picture(Some(Path::new("no/such.jpg"))).expect_err("it does not exist");
        assert!(error.to_string().contains("no/such.jpg"), "{error}");
    }
}
