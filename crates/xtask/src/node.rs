//! Node packages of a folder, as its lock file lists them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sightline_checkpoint::hash::sha256_hex;

use crate::setup::{self, Need};
use crate::shell::{command, output, run, say};

/// Oldest Node that what we use runs on: Debian 12's.
const OLDEST: u32 = 18;

/// Installs the packages that `folder/package-lock.json` names, each with its hash, unless they are
/// there.
pub(crate) fn packages(folder: &Path) -> Result<()> {
    setup::ensure(&[Need::Node])?;
    let version = output(command("node").arg("--version")).unwrap_or_default();
    if major(&version).is_none_or(|major| major < OLDEST) {
        bail!("Node {OLDEST} or newer is needed, this is {version}: install it, then start again");
    }
    let lock = folder.join("package-lock.json");
    let bytes = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = sha256_hex(&bytes);
    let stamp_file = folder.join("node_modules/.sightline-lock");
    if std::fs::read_to_string(&stamp_file).is_ok_and(|has| has == stamp) {
        return Ok(());
    }
    say(format!(
        "installing the Node packages of {} (less than a minute)",
        folder.display()
    ));
    run(command("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder))?;
    std::fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))
}

/// `v20.1.2` as 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("v18.20.4"), Some(18));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }
}
