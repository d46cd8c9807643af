//! Where things are.

use std::path::{Path, PathBuf};

/// The triple of the browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's output.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo's output for the browser. A folder of its own, so that the long build for wasm32 and a
/// native one need not wait for each other's lock.
pub(crate) fn wasm_target() -> PathBuf {
    target().join("web")
}

/// What these commands keep between runs.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// The packages of the workspace, ourselves apart: our dependencies would change the features of
/// the product's, and have its whole GPU stack built twice. The scorers once more with wrong
/// variants compiled in, which their golden sets must notice.
pub(crate) const SELECTIONS: &[&[&str]] = &[
    &["--workspace", "--exclude", "xtask"],
    &["--package", "xtask"],
    &["--package", "sightline-eval", "--features", "mutants"],
];
