//! `cargo xtask test`: every runner, and one line of counts at the end.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::cli::{Part, TestArgs};
use crate::counts::{Outcome, by_reason};
use crate::repo::{SELECTIONS, root};
use crate::setup::{self, Need};
use crate::shell::{cargo, command, follow, say};
use crate::{browser, page, page_tests, python};

/// Backends whose absence is a failure here.
const REQUIRE: &str = "wgpu,chromium";

/// Name of the Python environment for the training code.
const TRAINING: &str = "training";

/// Oldest PyTorch that the tests pass with.
const LEAST_TORCH: [u32; 2] = [2, 12];

/// Names shown of failed and of skipped tests.
const SHOWN: usize = 40;

const PARTS: &[Part] = &[Part::Native, Part::Browser, Part::Page, Part::Python];

pub(crate) fn run(args: &TestArgs) -> Result<bool> {
    let started = Instant::now();
    let mut total = Outcome::default();
    let mut lines = Vec::new();
    for &part in PARTS
        .iter()
        .filter(|part| args.only.is_empty() || args.only.contains(part))
    {
        let started = Instant::now();
        let name = format!("{part:?}").to_lowercase();
        // One part that cannot run must not hide what the others find.
        let outcome = run_part(part, args).unwrap_or_else(|error| Outcome::broken(format!("{name}: {error:#}")));
        lines.push(format!(
            "{name:<8} {} in {} s",
            outcome.counts,
            started.elapsed().as_secs()
        ));
        total.add(outcome);
    }
    println!();
    list("skipped", &by_reason(&total.skips));
    list("failed", &total.failures);
    for line in lines {
        println!("{line}");
    }
    println!("all parts took {} s", started.elapsed().as_secs());
    println!("{}", total.counts);
    Ok(total.counts.failed == 0)
}

fn run_part(part: Part, args: &TestArgs) -> Result<Outcome> {
    match part {
        Part::Native => native(&args.filter),
        Part::Browser => browser::test(&args.filter),
        Part::Page => page_tests::run(&args.filter, args.renew),
        Part::Python => training(args),
    }
}

fn native(filter: &str) -> Result<Outcome> {
    setup::ensure(&[Need::Vulkan])?;
    // Tests that need the language model look for it and never fetch it.
    page::language_models(&root().join("weights"))?;
    say(
        "native tests: kernels on the CPU and on Vulkan, goldens, the command line (building takes about 15 minutes on two cores)",
    );
    let mut outcome = Outcome::default();
    for selection in SELECTIONS {
        let mut test = cargo();
        test.args(["test", "--release", "--no-fail-fast"])
            .args(*selection)
            .env("SIGHTLINE_REQUIRE", REQUIRE);
        if !filter.is_empty() {
            test.args(["--", filter]);
        }
        let failed = outcome.counts.failed;
        let good = follow(&mut test, |line| outcome.libtest_line(line))?;
        if !good && outcome.counts.failed == failed {
            outcome.counts.failed += 1;
            outcome.failures.push("cargo test did not get to the tests".to_owned());
        }
    }
    Ok(outcome)
}

/// The training code's tests. They need PyTorch, which on PyPI for Linux always brings CUDA's
/// libraries: too much to fetch unasked for tests that nobody needs who only uses the weights. A
/// build for the CPU is fetched where pip finds one.
fn training(args: &TestArgs) -> Result<Outcome> {
    let folder = root().join("weights/training");
    let python = match std::env::var_os("SIGHTLINE_PYTHON") {
        Some(python) => python.into(),
        None => match training_python(&folder, args.only.contains(&Part::Python))? {
            Some(python) => python,
            None => {
                return Ok(Outcome::left_out(
                    "the training code's tests need PyTorch. PyPI has it with CUDA's libraries alone, 6 GB on disk: \
                     `cargo xtask test --only python` fetches that and runs them. A CPU build is used where pip finds one \
                     (PIP_EXTRA_INDEX_URL), and `SIGHTLINE_PYTHON` names a Python that has PyTorch",
                ));
            }
        },
    };
    let mut pytest = command(python);
    pytest
        .args(["-m", "pytest", "-q", "-rfEs", "--color=no"])
        .current_dir(&folder);
    if !args.filter.is_empty() {
        pytest.args(["-k", &args.filter]);
    }
    let mut outcome = Outcome::default();
    let good = follow(&mut pytest, |line| outcome.pytest_line(line))?;
    if !good && outcome.counts.failed == 0 && args.filter.is_empty() {
        outcome.counts.failed += 1;
        outcome.failures.push("pytest did not get to the tests".to_owned());
    }
    Ok(outcome)
}

/// A Python with what the training code needs; none if that is too much to fetch unasked.
fn training_python(folder: &Path, asked: bool) -> Result<Option<PathBuf>> {
    let wanted = python::requirements(folder)?;
    let (wanted, cost) = match python::cpu_build("torch", LEAST_TORCH) {
        Some(version) => (
            with_torch(&wanted, &version),
            "PyTorch for the CPU and its libraries, about 3 minutes",
        ),
        None if asked || python::present(TRAINING).is_some() => {
            (wanted, "PyTorch and its libraries, 6 GB on disk, about 10 minutes")
        }
        None => return Ok(None),
    };
    python::environment(TRAINING, &wanted, cost).map(Some)
}

/// The same requirements with this build of PyTorch.
fn with_torch(requirements: &str, version: &str) -> String {
    let line = |line: &str| match line.starts_with("torch==") {
        true => format!("torch=={version}\n"),
        false => format!("{line}\n"),
    };
    requirements.lines().map(line).collect()
}

fn list(word: &str, names: &[String]) {
    for name in names.iter().take(SHOWN) {
        println!("{word}: {name}");
    }
    if names.len() > SHOWN {
        println!("{word}: and {} more", names.len() - SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_of_pytorch_takes_the_place_of_the_pinned_one() {
        let wanted = with_torch("numpy==2.4.6\ntorch==2.15.0\ntorchvision\n", "2.13.0+cpu");
        assert_eq!(wanted, "numpy==2.4.6\ntorch==2.13.0+cpu\ntorchvision\n");
    }
}
