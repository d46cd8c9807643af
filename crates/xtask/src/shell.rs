//! Starting other programs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Says what is being done.
pub(crate) fn say(message: impl std::fmt::Display) {
    println!("==> {message}");
    // Children write to the same terminal.
    let _ = std::io::stdout().flush();
}

/// A command in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::repo::root());
    command
}

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The command as it would be typed.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| {
        let arg = arg.to_string_lossy();
        if arg.contains(' ') {
            format!("'{arg}'")
        } else {
            arg.into_owned()
        }
    }));
    words.join(" ")
}

/// Runs to the end; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    let text = shown(command);
    say(&text);
    let started = Instant::now();
    let status = command.status().with_context(|| format!("cannot start `{text}`"))?;
    if started.elapsed().as_secs() >= 10 {
        println!("    took {} s", started.elapsed().as_secs());
    }
    Ok(status.success())
}

/// Runs to the end, which must be a success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    if succeeds(command)? {
        return Ok(());
    }
    bail!("`{}` failed", shown(command))
}

/// What the command prints, nothing if it fails or does not exist.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Runs to the end, passing each line of its standard output on and to `line`; whether it
/// succeeded.
pub(crate) fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    let text = shown(command);
    say(&text);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{text}`"))?;
    let Some(stdout) = child.stdout.take() else {
        bail!("`{text}` has no output")
    };
    for bytes in BufReader::new(stdout).split(b'\n') {
        let bytes = bytes.with_context(|| format!("cannot read what `{text}` prints"))?;
        let said = String::from_utf8_lossy(&bytes);
        println!("{said}");
        line(said.trim_end());
    }
    Ok(child.wait().with_context(|| format!("lost `{text}`"))?.success())
}

/// The first of `names` found on the search path.
pub(crate) fn which(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", "print(1, 2)"]);
        assert_eq!(shown(&command), "python3 -c 'print(1, 2)'");
    }

    #[test]
    fn lines_are_followed() {
        let mut lines = Vec::new();
        let ok = follow(Command::new("printf").arg("a\\nb\\n"), |line| {
            lines.push(line.to_owned())
        })
        .expect("printf runs");
        assert!(ok);
        assert_eq!(lines, ["a", "b"]);
    }

    #[test]
    fn absent_programs_are_absent() {
        assert_eq!(which(&["no-such-program-of-ours"]), None);
        assert_eq!(output(&mut Command::new("no-such-program-of-ours")), None);
    }
}
