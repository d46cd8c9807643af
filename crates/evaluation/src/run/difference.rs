//! What tells two runs apart.

use std::fmt;

/// A field in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: String,
    /// Its value in the folder.
    pub there: String,
    /// Its value now.
    pub here: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} is {} there and {} here", self.field, self.there, self.here)
    }
}
