use thiserror::Error;

/// Why there is no picture. Each is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CardError {
    /// A link that no QR code holds.
    #[error("the link has {found} characters, and a QR code holds at most {most}: leave the picture out of the link")]
    TooLong {
        /// Its characters.
        found: usize,
        /// The most that fit.
        most: usize,
    },
    /// Nothing to write with.
    #[error("this system has no fonts to draw text with: install one, or write an SVG file")]
    NoFonts,
    /// An SVG text that is none.
    #[error("the drawing cannot be read: {0}")]
    Drawing(String),
    /// Memory that does not suffice.
    #[error("there is not enough memory for the picture")]
    Memory,
}
