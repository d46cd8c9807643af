//! What is said of a picture that cannot be read.

use std::fmt;

/// A picture that cannot be read. Its words hold no folder: they go into files that are the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageError(pub String);

impl fmt::Display for ImageError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ImageError {}
