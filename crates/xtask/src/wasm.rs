//! Wasm modules and their JavaScript, as a browser loads them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use sightline_checkpoint::hash::sha256_hex;
use wasm_bindgen_cli_support::Bindgen;

use crate::repo::{WASM, scratch, wasm_target};
use crate::shell::{cargo, run};

/// The cargo profile of what computes in a browser.
pub(crate) const PROFILE: &str = "web";
/// The cargo profile of the pages' own modules, and of that for links.
const PAGES: &str = "page";

/// Changes when what is made of a compiled module changes.
const RECIPE: &str = "1";

/// A module that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// The package.
    pub(crate) package: &'static str,
    /// What its files are called.
    pub(crate) name: &'static str,
    /// Its features, separated by commas.
    pub(crate) features: &'static str,
    /// Folder of the result below `target/xtask/wasm`.
    pub(crate) folder: &'static str,
    /// The cargo profile.
    pub(crate) profile: &'static str,
}

/// What the first page loads.
pub(crate) const PAGE: Module = Module {
    package: "sightline-page-ask",
    name: "sightline_page",
    features: "",
    folder: "page",
    profile: PAGES,
};
/// What a page in a frame loads.
pub(crate) const EMBED: Module = Module {
    package: "sightline-page-embed",
    name: "sightline_embed",
    features: "",
    folder: "embed",
    profile: PAGES,
};
/// What the page loads for a link.
pub(crate) const LINK: Module = Module {
    package: "sightline-link-web",
    name: "sightline_link_web",
    features: "",
    folder: "link",
    profile: PAGES,
};
/// What the pages load that measure and evaluate.
pub(crate) const LAB: Module = Module {
    package: "sightline-page-lab",
    name: "sightline_lab",
    features: "",
    folder: "lab",
    profile: PAGES,
};
/// What the workers of pages without evaluations load.
pub(crate) const ENGINE: Module = Module {
    package: "sightline-web-engine",
    name: "sightline_web",
    features: "",
    folder: "engine",
    profile: PROFILE,
};
/// What the worker of the page that evaluates loads.
pub(crate) const EVALUATE: Module = Module {
    package: "sightline-web-evaluate",
    name: "sightline_web_evaluate",
    features: "",
    folder: "evaluate",
    profile: PROFILE,
};
/// The tests of kernels and encoders.
pub(crate) const TESTS: Module = Module {
    package: "sightline-web-engine",
    name: "sightline_web",
    features: "tests",
    folder: "tests",
    profile: PROFILE,
};

impl Module {
    /// Compiles it; gives the file as the linker wrote it, with the names of its functions.
    pub(crate) fn compile(&self) -> Result<PathBuf> {
        let target = wasm_target();
        let mut build = cargo();
        build
            .args(["build", "--profile", self.profile, "--package", self.package])
            .args(["--features", self.features, "--target", WASM, "--target-dir"])
            .arg(&target);
        run(&mut build)?;
        Ok(target
            .join(WASM)
            .join(self.profile)
            .join(format!("{}.wasm", self.package.replace('-', "_"))))
    }

    /// Compiles it and writes module and bindings as a browser takes them; gives their folder. What
    /// is up to date is left alone.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let wasm = self.compile()?;
        let out = scratch().join("wasm").join(self.folder);
        let bytes = std::fs::read(&wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        let stamp = format!("{RECIPE} {}", sha256_hex(&bytes));
        let stamp_file = out.join("stamp");
        if std::fs::read_to_string(&stamp_file).is_ok_and(|has| has == stamp) {
            return Ok(out);
        }
        // Written last, so that a run that broke off is noticed.
        let _ = std::fs::remove_file(&stamp_file);
        bind(&wasm, &out, self.name)?;
        std::fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))?;
        Ok(out)
    }

    /// The names of its files in a folder that [`Module::build`] gave.
    pub(crate) fn files(&self) -> [String; 2] {
        [format!("{}.js", self.name), format!("{}_bg.wasm", self.name)]
    }
}

/// Runs wasm-bindgen as a library, so that no tool of that name need be installed.
fn bind(wasm: &Path, out: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(name)
        .web(true)
        .map_err(|e| anyhow!("{e:#}"))?
        .typescript(false)
        .omit_default_module_path(false)
        .keep_debug(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
        .map_err(|e| anyhow!("{e:#}"))
        .with_context(|| format!("wasm-bindgen on {}", wasm.display()))
}
