//! A headless browser of our own, with a profile that nobody else uses.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Quiet, nothing in the background, and WebGPU also where the GPU is software.
const FLAGS: &[&str] = &[
    "--headless",
    "--enable-unsafe-webgpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
];

/// Lines of the browser's log that are shown when tests fail.
const SHOWN_LINES: usize = 60;

/// A running browser. Killed when dropped, with all its processes.
pub(super) struct Chromium {
    child: Child,
    profile: TempDir,
}

impl Chromium {
    /// Opens `url`.
    pub(super) fn start(program: &Path, url: &str) -> Result<Self> {
        let profile = tempfile::Builder::new()
            .prefix("sightline-chromium-")
            .tempdir()
            .context("cannot make a profile for Chromium")?;
        let log = File::create(log_path(&profile)).context("cannot make a log for Chromium")?;
        let mut command = Command::new(program);
        command
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()));
        if is_root() {
            // Chromium refuses to start as root with its sandbox.
            command.arg("--no-sandbox");
        }
        let child = command
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // A group of its own, so that all its processes can be ended at once.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, profile })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// What the page wrote to its console, the last lines of it.
    pub(super) fn console(&self) -> String {
        let log = std::fs::read(log_path(&self.profile)).unwrap_or_default();
        page_lines(&String::from_utf8_lossy(&log))
    }
}

/// The entries of a browser's log that a page caused. An entry starts with
/// `[process:thread:time:LEVEL:...]` and may go on over several lines: a refused shader is
/// explained in the later ones.
fn page_lines(log: &str) -> String {
    let mut kept = Vec::new();
    let mut ours = false;
    for line in log.lines() {
        if line.starts_with('[') && (line.contains(":INFO:") || line.contains(":ERROR:") || line.contains(":WARNING:"))
        {
            ours = line.contains("CONSOLE");
        }
        if ours {
            kept.push(line);
        }
    }
    let first = kept.len().saturating_sub(SHOWN_LINES);
    kept[first..].iter().map(|line| format!("chromium: {line}\n")).collect()
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The shell's own `kill`: a small system has no program of that name. The whole group: a
        // browser has many processes.
        let kill = format!("kill -KILL -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_path(profile: &TempDir) -> PathBuf {
    profile.path().join("chromium.log")
}

fn is_root() -> bool {
    crate::shell::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}

#[cfg(test)]
mod tests {
    use super::page_lines;

    #[test]
    fn the_page_is_heard_over_the_browser() {
        let log = "[1:1:1124/1.2:ERROR:dbus/bus.cc:405] Failed to connect\nto the bus\n\
                   [1:1:1124/1.3:INFO:CONSOLE:15] \"panicked at x.rs\nwgpu error\", source: worker.js (15)\n\
                   [1:1:1124/1.4:WARNING:ui/idle.cc:1] none\n";
        let shown = page_lines(log);
        assert!(
            shown.contains("panicked at x.rs") && shown.contains("wgpu error"),
            "{shown}"
        );
        assert!(!shown.contains("bus") && !shown.contains("idle"), "{shown}");
    }
}
