//! The files that the tests of the shipped pair read, and their GPU.

use std::path::{Path, PathBuf};

use sightline_checkpoint::cache::{self, Cache};
use sightline_checkpoint::manifest::{Chat, Manifest};
use sightline_kernels::{Device, KernelError};

/// The shipped pair.
pub(crate) const ARMS: [&str; 2] = ["sightline-vmamba-tiny", "sightline-vit-tiny"];

/// The manifest, and the language model that its models share.
pub(crate) struct Inputs {
    pub(crate) manifest: Manifest,
    pub(crate) language: Vec<u8>,
}

impl Inputs {
    /// How the language model is talked to.
    pub(crate) fn chat(&self) -> Chat {
        self.manifest.language_models[0].chat.clone()
    }
}

/// # Errors
/// Why the tests cannot run, in one sentence.
pub(crate) fn open() -> Result<Inputs, String> {
    let manifest = Manifest::load(&weights()).map_err(|e| e.to_string())?;
    let row = manifest
        .language_models
        .first()
        .ok_or("the manifest names no language model")?;
    let path = Cache::from_env()
        .and_then(|cache| cache.find(row, None))
        .map_err(|e| e.to_string())?;
    let language = cache::read_language_model(&path, row).map_err(|e| e.to_string())?;
    Ok(Inputs { manifest, language })
}

/// A real adapter if there is one, otherwise the one in software.
pub(crate) fn wgpu() -> Result<Device, KernelError> {
    pollster::block_on(Device::wgpu(false)).or_else(|_| pollster::block_on(Device::wgpu(true)))
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn weights() -> PathBuf {
    root().join("weights")
}
