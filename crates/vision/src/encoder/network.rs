//! What every vision encoder does, once its weights are on a device.

use super::error::EncoderError;
use super::session::{Session, Size};
use crate::inside::Inside;

/// A vision encoder whose weights are on a device.
pub trait Encoder {
    /// Width of a token.
    fn width(&self) -> usize;

    /// Allocates everything that running on pictures of this size needs. Weights are shared between
    /// sessions.
    ///
    /// # Errors
    /// [`EncoderError::Size`] for a size this encoder cannot take.
    fn session(&self, size: Size) -> Result<Session, EncoderError>;

    /// Number of blocks whose mixing of tokens [`Encoder::inside`] can show.
    fn mixers(&self) -> usize {
        0
    }

    /// Prepares a look at how one of those blocks mixes tokens. There is none for other blocks.
    ///
    /// # Errors
    /// As [`Encoder::session`].
    fn inside(&self, size: Size, block: usize) -> Result<Option<Inside>, EncoderError> {
        let _ = (size, block);
        Ok(None)
    }
}
