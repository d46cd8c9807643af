//! `cargo xtask peers`: ours beside other libraries, in one Chromium.

use anyhow::{Context, Result};

use crate::cli::PeersArgs;
use crate::node;
use crate::page;
use crate::page_tests;
use crate::python;
use crate::repo::{root, scratch};
use crate::shell::{command, run as run_command, say, succeeds};

/// Folder of the measurement, below the repository's root.
const FOLDER: &str = "tests/peers/browser";

pub(crate) fn run(args: &PeersArgs) -> Result<bool> {
    let folder = root().join(FOLDER);
    page_tests::prepare()?;
    page_tests::shipped_page()?;
    node::packages(&folder)?;
    let list = folder.join("requirements.txt");
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let python = python::environment("browser-peers", &wanted, "60 MB, less than a minute")?;
    let vit = scratch().join("vit.onnx");
    run_command(command(python).arg(folder.join("make_vit.py")).arg(&vit))?;
    let models = page::language_models(&root().join("weights"))?;
    let model = models.values().next().context("the manifest names no language model")?;
    say("measuring (about 15 minutes on two cores without a GPU)");
    let mut node = page_tests::node("run.js")?;
    node.current_dir(&folder)
        .args(["--runs", &args.runs.to_string(), "--only", &args.only])
        .env("MODEL", model)
        .env("VIT_ONNX", vit);
    if let Some(json) = &args.json {
        let json = std::path::absolute(json).with_context(|| format!("no such path: {}", json.display()))?;
        node.arg("--json").arg(json);
    }
    succeeds(&mut node)
}
