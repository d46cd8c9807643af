//! Pictures into visual features: bytes -> [`Picture`] -> [`Transform`] -> encoder -> tokens.

mod encoder;
mod frame;
mod picture;
mod resample;
#[cfg(feature = "suite")]
pub mod suite;
mod transform;
mod vit;
mod vmamba;
mod weights;

pub use encoder::{Encoder, EncoderError, Grid, Session, Size, load};
pub use frame::{Corners, Frame};
pub use picture::{MAX_PIXELS, MAX_SIDE, Picture, PictureError};
pub use resample::{Filter, resize};
pub use transform::{Canvas, Input, MAX_CANVAS, Policy, Transform, TransformError};
pub use vit::{Vit, VitConfig};
pub use vmamba::{Vmamba, VmambaConfig};
pub use weights::Source;
