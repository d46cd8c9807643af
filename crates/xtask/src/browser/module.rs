//! The wasm module and its JavaScript, as a browser loads them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::repo::{WASM, scratch, wasm_target};
use crate::shell::{cargo, run, say};

/// The name that the files start with.
const NAME: &str = "sightline_web";

/// Compiles `crates/web` for wasm32 and writes the module and its bindings; gives their folder.
pub(super) fn build() -> Result<PathBuf> {
    say("building the wasm module (about 10 minutes on two cores when nothing is built yet)");
    let target = wasm_target();
    let mut build = cargo();
    build
        .args([
            "build",
            "--release",
            "--package",
            "sightline-web",
            "--features",
            "tests",
            "--target",
            WASM,
            "--target-dir",
        ])
        .arg(&target);
    run(&mut build)?;
    let wasm = target.join(WASM).join("release").join(format!("{NAME}.wasm"));
    bind(&wasm, &scratch().join("web"))
}

/// Runs wasm-bindgen as a library, so that no tool of that name need be installed.
fn bind(wasm: &Path, out: &Path) -> Result<PathBuf> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .web(true)
        .map_err(|e| anyhow!("{e:#}"))?
        .typescript(false)
        .omit_default_module_path(false)
        .keep_debug(false)
        .generate(out)
        .map_err(|e| anyhow!("{e:#}"))
        .with_context(|| format!("wasm-bindgen on {}", wasm.display()))?;
    say_sizes(out);
    Ok(out.to_path_buf())
}

/// Says what a browser downloads.
fn say_sizes(dir: &Path) {
    for name in [format!("{NAME}_bg.wasm"), format!("{NAME}.js")] {
        if let Ok(meta) = std::fs::metadata(dir.join(&name)) {
            println!("    {name}: {:.2} MB", meta.len() as f64 / 1e6);
        }
    }
}
