//! Printing and writing. A broken pipe is success, colour and progress stand only where they are
//! wanted, what others wrote cannot steer the terminal, and no output takes the place of an input.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sightline_checkpoint::file;

use crate::failure::{Failure, INPUT, RUNNING};

/// What begins and ends bold text on a terminal.
const BOLD: [&str; 2] = ["\x1b[1m", "\x1b[0m"];

/// Writes text for people to stdout and flushes. Control characters other than line feeds and tabs
/// are escaped.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    if !colour() {
        return raw(visible(text, "\n\t").as_bytes());
    }
    // Our own marks stay, whatever stands between them.
    let mut out = String::new();
    for (at, part) in text.split(BOLD[0]).enumerate() {
        out.push_str(if at > 0 { BOLD[0] } else { "" });
        let parts: Vec<Cow<'_, str>> = part.split(BOLD[1]).map(|part| visible(part, "\n\t")).collect();
        out.push_str(&parts.join(BOLD[1]));
    }
    raw(out.as_bytes())
}

/// Writes bytes to stdout and flushes. A reader that went away ends the program in peace.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(e) => Err(Failure::new(RUNNING, format!("cannot write to standard output: {e}"))),
    }
}

/// Writes a line of text for people, or of JSON.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Says something on stderr, in one line whatever it holds.
pub(crate) fn note(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}", visible(text, "\t"));
}

/// A text whose control characters are escaped as JSON writes them, which is no less readable for
/// people. Among them are those that turn the direction of a line. `kept`: those that stay.
pub(crate) fn visible<'a>(text: &'a str, kept: &str) -> Cow<'a, str> {
    let turns = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let steers = |c: char| (c.is_control() || turns(c)) && !kept.contains(c);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A path in one line for people.
pub(crate) fn name(path: &Path) -> String {
    visible(&path.display().to_string(), "").into_owned()
}

/// Writes a file that appears whole or not at all. Links are followed, and devices are written
/// into.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    file::write_whole(path, bytes).map_err(|error| cannot_write(path, &error))
}

/// What is said of a file that cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(RUNNING, format!("cannot write {}: {error}", path.display()))
}

/// Whether a file can be written several times, each time replacing what it held: devices and pipes
/// cannot.
pub(crate) fn is_replaceable(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |found| found.is_file())
}

/// Refuses outputs that would write over one of the inputs, or over one another. `outputs`: each
/// with its option.
pub(crate) fn check<'a>(
    outputs: &[(&str, Option<&Path>)],
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let named: Vec<(&str, &Path)> = outputs
        .iter()
        .filter_map(|(option, path)| Some((*option, (*path)?)))
        .collect();
    for (at, (option, path)) in named.iter().enumerate() {
        if let Some((other, _)) = named[..at].iter().find(|(_, other)| file::is_same(path, other)) {
            let problem = format!(
                "{other} and {option} name the same file, {}; name two files",
                path.display()
            );
            return Err(Failure::new(INPUT, problem));
        }
    }
    for input in inputs {
        if let Some((option, path)) = named.iter().find(|(_, path)| file::is_same(path, input)) {
            let problem = format!(
                "{option} {} would write over what is read; name another file",
                path.display()
            );
            return Err(Failure::new(INPUT, problem));
        }
    }
    Ok(())
}

/// Whether a terminal understands more than text.
fn is_capable(term: Option<OsString>) -> bool {
    term.is_none_or(|term| term != "dumb")
}

/// Whether stdout shows colour: a capable terminal, and `NO_COLOR` unset or empty.
pub(crate) fn colour() -> bool {
    io::stdout().is_terminal()
        && is_capable(std::env::var_os("TERM"))
        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Whether stderr shows progress.
fn is_live() -> bool {
    io::stderr().is_terminal() && is_capable(std::env::var_os("TERM"))
}

/// Bold text where colour is shown.
pub(crate) fn bold(text: &str) -> String {
    if colour() {
        format!("{}{}{}", BOLD[0], visible(text, ""), BOLD[1])
    } else {
        text.to_owned()
    }
}

/// A spinner on stderr that says what is being done; silent off a terminal.
pub(crate) fn spinner(doing: &str) -> ProgressBar {
    if !is_live() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message(visible(doing, "").into_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A bar of bytes on stderr; silent off a terminal.
pub(crate) fn bytes_bar(total: u64, doing: &str) -> ProgressBar {
    bar(total, doing, "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}")
}

/// A bar of things done on stderr; silent off a terminal.
pub(crate) fn count_bar(total: usize, doing: &str) -> ProgressBar {
    let bar = bar(total as u64, doing, "[{bar:30}] {pos}/{len} {eta} {msg}");
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

/// A bar on stderr; silent off a terminal. What is done is its message, and its prefix.
pub(crate) fn bar(total: u64, doing: &str, template: &str) -> ProgressBar {
    if !is_live() {
        return ProgressBar::hidden();
    }
    let doing = visible(doing, "").into_owned();
    let bar = ProgressBar::new(total).with_prefix(doing.clone()).with_message(doing);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let text = "a\x1b[31m\u{9b}2J\x07\x7f\u{202e}é\tb\n";
        assert_eq!(
            visible(text, "\t"),
            "a\\u001b[31m\\u009b2J\\u0007\\u007f\\u202eé\tb\\u000a"
        );
        assert!(matches!(visible("plain", ""), Cow::Borrowed("plain")));
    }

    #[test]
    fn a_dumb_terminal_gets_text_alone() {
        assert!(!is_capable(Some("dumb".into())));
        assert!(is_capable(Some("xterm-256color".into())) && is_capable(None));
    }

    #[test]
    fn outputs_are_apart_from_inputs_and_from_one_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = |name: &str| folder.path().join(name);
        std::fs::write(here("in"), "").expect("a file");
        let (input, out) = (here("in"), here("out"));
        let refused =
            |outputs: &[(&str, Option<&Path>)]| check(outputs, [input.as_path()]).err().map(|e| e.to_string());
        assert_eq!(refused(&[("--out", Some(&out)), ("--table", None)]), None);
        let over = refused(&[("--out", Some(&input))]).expect("refused");
        assert!(over.contains("--out") && over.contains("write over"), "{over}");
        let twice = refused(&[("--out", Some(&out)), ("--table", Some(&here("./out")))]).expect("refused");
        assert!(twice.contains("--out and --table"), "{twice}");
        let null = Path::new("/dev/null");
        assert_eq!(refused(&[("--out", Some(null)), ("--table", Some(null))]), None);
    }
}
