//! The one table of encoders.

use sightline_checkpoint::manifest;
use sightline_kernels::Device;

use crate::encoder::{Encoder, EncoderConfig, EncoderError, EncoderKind, Source};
use crate::encoders::{convnext, vit, vmamba};

/// Every kind of encoder. A row's place decides its colour on the page, so that new rows come last.
pub const KINDS: &[&dyn EncoderKind] = &[&vmamba::Kind, &vit::Kind, &convnext::Kind];

/// The kind of a manifest's row.
///
/// # Errors
/// [`EncoderError::Config`] lists the known kinds.
pub fn kind(row: &manifest::Encoder) -> Result<&'static dyn EncoderKind, EncoderError> {
    Ok(KINDS[palette(row)?])
}

/// Place of a row's kind in [`KINDS`]: which colour stands for it.
///
/// # Errors
/// As [`kind`].
pub fn palette(row: &manifest::Encoder) -> Result<usize, EncoderError> {
    KINDS.iter().position(|kind| kind.id() == row.kind).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.id()).collect();
        EncoderError::config(
            "kind",
            format!("`{}` is unknown; known are {}", row.kind, known.join(", ")),
        )
    })
}

/// Reads a manifest's row and checks every bound.
///
/// # Errors
/// [`EncoderError::Config`] names the field and what would be right.
pub fn config(row: &manifest::Encoder) -> Result<Box<dyn EncoderConfig>, EncoderError> {
    kind(row)?.parse(row)
}

/// Puts an encoder on a device.
///
/// # Errors
/// [`EncoderError`] names the manifest's field or the tensor that does not fit.
pub fn load(device: &Device, row: &manifest::Encoder, source: &dyn Source) -> Result<Box<dyn Encoder>, EncoderError> {
    config(row)?.load(device, source)
}
