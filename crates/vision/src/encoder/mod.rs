//! What an encoder is to the rest of the program, whatever its kind.
//!
//! [`EncoderKind`] describes a kind, [`EncoderConfig`] one shape of it, [`Encoder`] its weights on
//! a device, [`Session`] those weights prepared for one size of picture. The kinds themselves are
//! in `encoders`.

mod error;
mod kind;
mod loader;
mod network;
mod random;
mod row;
mod schema;
mod session;
mod tap;

pub use error::EncoderError;
pub(crate) use error::path;
#[cfg(feature = "suite")]
pub(crate) use kind::golden;
#[cfg(feature = "suite")]
pub use kind::{Check, Golden};
pub use kind::{EncoderConfig, EncoderKind, Preset};
pub use loader::Source;
pub(crate) use loader::{Loader, Norm};
pub use network::Encoder;
pub use random::RandomWeights;
pub(crate) use row::{read, within, write};
pub use schema::{Presence, Role, Schema, TensorSpec};
pub(crate) use session::Launch;
pub use session::{Grid, Session, Size};
pub(crate) use tap::StageTap;
