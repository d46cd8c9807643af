//! What the runners print, as numbers.

use std::fmt;
use std::ops::AddAssign;

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    /// Nothing but failures.
    pub(crate) fn failed(failed: usize) -> Self {
        Self {
            failed,
            ..Self::default()
        }
    }

    /// Nothing but skipped tests.
    pub(crate) fn skipped(skipped: usize) -> Self {
        Self {
            skipped,
            ..Self::default()
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// What one runner found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) counts: Counts,
    /// Names of failed tests, or sentences.
    pub(crate) failures: Vec<String>,
    /// Names of tests that did not run.
    pub(crate) skips: Vec<String>,
}

impl Outcome {
    /// A runner that could not do its work.
    pub(crate) fn broken(why: impl Into<String>) -> Self {
        Self {
            counts: Counts::failed(1),
            failures: vec![why.into()],
            ..Self::default()
        }
    }

    /// A runner that was left out.
    pub(crate) fn left_out(why: impl Into<String>) -> Self {
        Self {
            counts: Counts::skipped(1),
            skips: vec![why.into()],
            ..Self::default()
        }
    }

    /// Takes in one statement that is true or not.
    pub(crate) fn judge(&mut self, what: &str, good: bool) {
        if good {
            self.counts.passed += 1;
        } else {
            self.counts.failed += 1;
            self.failures.push(what.to_owned());
        }
    }

    /// Takes in another's.
    pub(crate) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
    }

    /// Takes in a line of libtest's (or libtest-mimic's) output.
    pub(crate) fn libtest_line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            for part in rest.split([';', '.']) {
                match numbered(part) {
                    Some((n, "passed")) => self.counts.passed += n,
                    Some((n, "failed")) => self.counts.failed += n,
                    Some((n, "ignored")) => self.counts.skipped += n,
                    _ => {}
                }
            }
        } else if let Some((name, result)) = line.strip_prefix("test ").and_then(|l| l.rsplit_once(" ... ")) {
            if let Some(why) = result.strip_prefix("FAILED") {
                self.failures.push(format!("{name}{why}"));
            } else if result.starts_with("ignored") {
                self.skips.push(name.to_owned());
            }
        }
    }

    /// Takes in a line of pytest's output: `== 3 passed, 1 skipped in 0.5s ==` and the `FAILED`,
    /// `SKIPPED` lines of `-rfEs`.
    pub(crate) fn pytest_line(&mut self, line: &str) {
        let bare = line.trim_matches(['=', ' ']);
        if let Some((counts, _)) = bare.rsplit_once(" in ").filter(|(_, time)| time.contains('s')) {
            for part in counts.split(", ") {
                match numbered(part) {
                    Some((n, "passed" | "xfailed")) => self.counts.passed += n,
                    Some((n, "failed" | "error" | "errors" | "xpassed")) => self.counts.failed += n,
                    Some((n, "skipped")) => self.counts.skipped += n,
                    _ => {}
                }
            }
        } else if let Some(name) = bare.strip_prefix("FAILED ").or_else(|| bare.strip_prefix("ERROR ")) {
            self.failures.push(name.to_owned());
        } else if let Some(name) = bare.strip_prefix("SKIPPED ") {
            self.skips.push(name.to_owned());
        }
    }
}

/// Names of one reason as one line: where a name ends with `: why`, as many as share the reason
/// stand together.
pub(crate) fn by_reason(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let Some((name, reason)) = name.split_once(": ") else {
            lines.push(name.clone());
            continue;
        };
        match reasons.iter_mut().find(|known| known.0 == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    lines.extend(reasons.into_iter().map(|(reason, names)| match names[..] {
        [only] => format!("{only}: {reason}"),
        [first, .., last] => format!("{} tests, {first} to {last}: {reason}", names.len()),
        [] => reason.to_owned(),
    }));
    lines
}

/// `3 passed` as a number and its word.
fn numbered(part: &str) -> Option<(usize, &str)> {
    let (number, word) = part.trim().split_once(' ')?;
    Some((number.parse().ok()?, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: usize, failed: usize, skipped: usize) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn prints_the_closing_line() {
        assert_eq!(counts(3, 0, 12).to_string(), "3 passed, 0 failed, 12 skipped");
    }

    #[test]
    fn libtest_totals_add_up_over_binaries() {
        let mut outcome = Outcome::default();
        for line in [
            "running 3 tests",
            "test resample::matches ... ok",
            "test cpu::scan/7x5 ... FAILED",
            "test page::look ... FAILED (not done after 60 s)",
            "test wgpu::scan/7x5 ... ignored",
            "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.12s",
            "test result: ok. 8 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 1.00s",
        ] {
            outcome.libtest_line(line);
        }
        assert_eq!(outcome.counts, counts(9, 2, 1));
        assert_eq!(outcome.failures, ["cpu::scan/7x5", "page::look (not done after 60 s)"]);
        assert_eq!(outcome.skips, ["wgpu::scan/7x5"]);
    }

    #[test]
    fn skipped_tests_of_one_reason_stand_together() {
        let names = ["a: no GPU", "b", "c: no GPU", "d: no disk", "e: no GPU"].map(str::to_owned);
        assert_eq!(by_reason(&names), ["b", "3 tests, a to e: no GPU", "d: no disk"]);
    }

    #[test]
    fn pytest_summary_in_any_order() {
        for (line, expected) in [
            ("======== 12 passed, 1 skipped in 3.21s ========", counts(12, 0, 1)),
            (
                "= 1 failed, 2 passed, 3 warnings, 1 error in 61.00s (0:01:01) =",
                counts(2, 2, 0),
            ),
            ("5 passed in 0.01s", counts(5, 0, 0)),
            ("no tests ran in 0.01s", counts(0, 0, 0)),
        ] {
            let mut outcome = Outcome::default();
            outcome.pytest_line(line);
            assert_eq!(outcome.counts, expected, "{line}");
        }
    }

    #[test]
    fn pytest_names() {
        let mut outcome = Outcome::default();
        outcome.pytest_line("FAILED tests/test_scan.py::test_order - assert 1 == 2");
        outcome.pytest_line("SKIPPED [1] tests/test_a.py:3: could not import 'torch'");
        assert_eq!(outcome.failures, ["tests/test_scan.py::test_order - assert 1 == 2"]);
        assert_eq!(outcome.skips, ["[1] tests/test_a.py:3: could not import 'torch'"]);
    }
}
