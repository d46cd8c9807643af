//! `cargo xtask package`: the npm package, as a folder that `npm pack` takes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sightline_checkpoint::file::write_whole;

use crate::page;
use crate::repo::{root, target};
use crate::setup::{self, Need};
use crate::shell::say;
use crate::wasm;

/// Files of the page that the worker needs.
const WORKER: [&str; 2] = ["engine.js", "why.js"];

/// Where the package is put together.
pub(crate) fn out() -> PathBuf {
    target().join("npm")
}

pub(crate) fn run() -> Result<bool> {
    build()?;
    say(format!(
        "the package is in {}; `npm pack` makes a file of it",
        out().display()
    ));
    Ok(true)
}

/// Puts the package together anew.
pub(crate) fn build() -> Result<()> {
    setup::ensure(&[Need::WasmTarget])?;
    let to = out();
    if to.exists() {
        std::fs::remove_dir_all(&to).with_context(|| format!("cannot remove {}", to.display()))?;
    }
    std::fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let from = root().join("npm");
    let entries = std::fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries.flatten() {
        copy(&entry.path(), &to)?;
    }
    for name in WORKER {
        copy(&root().join("www").join(name), &to)?;
    }
    for module in [wasm::ENGINE, wasm::LINK] {
        let folder = module.build()?;
        for name in module.files() {
            copy(&folder.join(&name), &to)?;
        }
    }
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&root().join(name), &to)?;
    }
    for (name, text) in page::documents()? {
        write(&to.join(name), &text)?;
    }
    let version = format!(
        "// Written by `cargo xtask package`: the version of the messages that the engine understands.\n\
         export const MESSAGES = {};\n",
        sightline_messages::VERSION
    );
    write(&to.join("version.js"), &version)?;
    check_version(&to.join("package.json"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let name = from.file_name().context("a file has a name")?;
    let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let to = to.join(name);
    write_whole(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))
}

fn write(to: &Path, text: &str) -> Result<()> {
    write_whole(to, text.as_bytes()).with_context(|| format!("cannot write {}", to.display()))
}

/// The package has the workspace's version.
fn check_version(package: &Path) -> Result<()> {
    let text = std::fs::read_to_string(package).with_context(|| format!("cannot read {}", package.display()))?;
    let value: serde_json::Value = serde_json::from_str(&text).context("npm/package.json is no JSON")?;
    let ours = env!("CARGO_PKG_VERSION");
    match value["version"].as_str() {
        Some(version) if version == ours => Ok(()),
        other => bail!("npm/package.json has version {other:?}, the workspace {ours}: write the same there"),
    }
}
