//! What a command needs beside Rust, git and Python: found, installed after saying so, or named.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::repo::WASM;
use crate::shell::{command, output, run, say, which};

/// Something a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Chromium or Chrome.
    Chromium,
    /// Firefox.
    Firefox,
    /// The letters of pictures that are compared.
    Fonts,
    /// Node and npm.
    Node,
    /// The Vulkan loader and at least one driver (Mesa's software one is enough).
    Vulkan,
    /// Python that can make environments.
    PythonVenv,
    /// Rust's standard library for the browser.
    WasmTarget,
}

/// One of the letters, as Debian has them; `tests/page/lib/snapshots.js` names it as well.
const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

impl Need {
    fn present(self) -> bool {
        match self {
            Self::Chromium => chromium().is_some(),
            Self::Firefox => firefox().is_some(),
            Self::Fonts => !cfg!(target_os = "linux") || Path::new(FONT).exists(),
            Self::Node => which(&["node"]).is_some() && which(&["npm"]).is_some(),
            Self::Vulkan => vulkan_loader() && vulkan_driver(),
            Self::PythonVenv => output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some(),
            Self::WasmTarget => output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]))
                .is_some_and(|dir| Path::new(&dir).is_dir()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium, which runs the browser tests",
            Self::Firefox => "Firefox, which runs the page on the CPU",
            Self::Fonts => "the letters of pictures that are compared",
            Self::Node => "Node and npm, which drive the browsers",
            Self::Vulkan => "Vulkan's loader and a driver (Mesa's runs without a GPU)",
            Self::PythonVenv => "Python's venv module",
            Self::WasmTarget => "Rust's standard library for wasm32",
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium"],
            Self::Firefox => &["firefox-esr"],
            Self::Fonts => &["fonts-dejavu-core"],
            Self::Node => &["nodejs", "npm"],
            Self::Vulkan => &["libvulkan1", "mesa-vulkan-drivers"],
            Self::PythonVenv => &["python3", "python3-venv"],
            Self::WasmTarget => &[],
        }
    }
}

/// Sees to it that `needs` are there, or says what to type.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.present()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        say(format!("missing: {}", need.name()));
    }
    if missing.contains(&Need::WasmTarget) {
        add_wasm_target()?;
    }
    let packages = packages(&missing);
    if !packages.is_empty() {
        install(&packages)?;
    }
    for need in missing {
        if !need.present() {
            bail!("{} is still missing after installing it", need.name());
        }
    }
    Ok(())
}

/// Names the Debian packages of `needs`, each once.
fn packages(needs: &[Need]) -> Vec<&'static str> {
    let mut names: Vec<&str> = needs.iter().flat_map(|need| need.packages()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn add_wasm_target() -> Result<()> {
    if which(&["rustup"]).is_none() {
        bail!("add the target {WASM} to this Rust: it has no rustup, so its own package manager must do it");
    }
    say(format!(
        "adding the Rust target {WASM} (about 30 MB, less than a minute)"
    ));
    run(command("rustup").args(["target", "add", WASM]))
}

fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if which(&["apt-get"]).is_none() {
        bail!("install what these Debian packages hold, then start again: {list}");
    }
    if output(Command::new("id").arg("-u")).as_deref() != Some("0") {
        bail!(
            "type this, then start again:\n  sudo apt-get update && sudo apt-get install --no-install-recommends -y {list}"
        );
    }
    say(format!("installing from Debian, as root: {list} (1-3 minutes)"));
    run(command("apt-get").args(["update", "-qq"]))?;
    let mut apt = command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-qq", "--no-install-recommends", "-y"])
        .args(packages);
    run(&mut apt)
}

/// The browser to test in.
pub(crate) fn chromium() -> Option<std::path::PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    which(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
}

/// The other browser to test in.
pub(crate) fn firefox() -> Option<std::path::PathBuf> {
    if let Some(path) = std::env::var_os("FIREFOX") {
        return Some(path.into());
    }
    which(&["firefox-esr", "firefox"])
}

fn vulkan_loader() -> bool {
    let listed =
        |program: &str| output(Command::new(program).arg("-p")).is_some_and(|list| list.contains("libvulkan.so.1"));
    // /sbin is not on everyone's search path.
    listed("ldconfig") || listed("/sbin/ldconfig")
}

fn vulkan_driver() -> bool {
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .flatten()
        .any(|entry| entry.path().extension().is_some_and(|e| e == "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_once() {
        assert_eq!(
            packages(&[Need::Vulkan, Need::Chromium, Need::Vulkan]),
            ["chromium", "libvulkan1", "mesa-vulkan-drivers"]
        );
    }

    #[test]
    fn nothing_is_needed_for_nothing() {
        ensure(&[]).expect("nothing to do");
    }
}
