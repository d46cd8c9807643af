//! Pictures into visual features: bytes -> [`Picture`] -> [`Transform`] -> encoder -> tokens.
//!
//! [`KINDS`] is the table of encoders; nothing outside a kind's own file knows what it is made of.

mod built_in;
mod encoder;
mod encoders;
mod frame;
mod inside;
mod kinds;
mod manifest;
mod picture;
mod resample;
#[cfg(feature = "suite")]
pub mod suite;
mod transform;

pub use built_in::{CHECKED, MIN_CHECK_COSINE, built_in, check_of, checked, cosine};
pub use encoder::RandomWeights;
#[cfg(feature = "suite")]
pub use encoder::{Check, Golden};
pub use encoder::{
    Encoder, EncoderConfig, EncoderError, EncoderKind, Grid, Presence, Preset, Role, Schema, Session, Size, Source,
    TensorSpec,
};
pub use frame::{Corners, Frame};
pub use inside::{AttentionInputs, Inside, Mixing, ScanInputs};
pub use kinds::{KINDS, config, kind, load, palette};
pub use manifest::check_manifest;
#[cfg(not(target_arch = "wasm32"))]
pub use manifest::load_manifest;
pub use picture::{MAX_PIXELS, MAX_SIDE, Picture, PictureError};
pub use resample::{Filter, resize};
pub use transform::{Canvas, Input, MAX_CANVAS, Policy, Transform, TransformError};
