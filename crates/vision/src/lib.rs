//! Pictures into visual features: bytes -> [`Picture`] -> [`Transform`] -> encoder -> tokens.

mod frame;
mod picture;
mod resample;
mod transform;

pub use frame::{Corners, Frame};
pub use picture::{MAX_PIXELS, MAX_SIDE, Picture, PictureError};
pub use resample::{Filter, resize};
pub use transform::{Canvas, Input, MAX_CANVAS, Policy, Transform, TransformError};
