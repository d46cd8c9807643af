//! What maps are made from, and what is kept between them.

use std::collections::HashMap;

use sightline_checkpoint::hash::sha256_hex;
use sightline_kernels::Device;
use sightline_vision::{Encoder, Mixing, Picture, Transform};

/// The parts of a model that maps of its encoder need.
pub(crate) struct Seen<'a> {
    pub(crate) id: &'a str,
    pub(crate) device: &'a Device,
    pub(crate) transform: &'a Transform,
    pub(crate) network: &'a dyn Encoder,
}

/// What was computed of one picture.
#[derive(Default)]
pub(crate) struct Kept {
    /// Name of the picture's pixels.
    pub(super) key: String,
    pub(super) sharpness: Option<f32>,
    /// By the side of what was covered at once.
    pub(super) changes: HashMap<usize, Vec<f32>>,
    /// By block.
    pub(super) mixing: HashMap<usize, Mixing>,
}

/// A name of a picture's pixels.
pub(crate) fn key(picture: &Picture) -> String {
    format!(
        "{}x{} {} {}",
        picture.width(),
        picture.height(),
        sha256_hex(picture.pixels()),
        picture.alpha().map_or_else(String::new, sha256_hex)
    )
}
