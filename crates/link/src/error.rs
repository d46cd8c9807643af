use thiserror::Error;

/// Why there is no link, or why a link is not shown. Each is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Nothing follows the `#`.
    #[error("the link holds no result: nothing follows the #")]
    Empty,
    /// A fragment that no link can have.
    #[error("the link is damaged: it has {found} characters, and none has more than {most}")]
    Endless {
        /// Its characters.
        found: usize,
        /// The most that are read.
        most: usize,
    },
    /// Another version of the format.
    #[error("the link has format {0}, which this version cannot read: reload the page, or update the program")]
    Version(u8),
    /// Characters or bytes that are not what [`crate::encode`] writes.
    #[error("the link is damaged or was cut off: {0}")]
    Damaged(&'static str),
    /// A field outside its bounds.
    #[error("the link's {field} {why}")]
    Field {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A result with too much text for a link.
    #[error(
        "the link would have {found} characters, {most} are allowed: ask a shorter question, or limit the answers' length"
    )]
    TooLong {
        /// Its characters.
        found: usize,
        /// The most that are allowed.
        most: usize,
    },
}

impl LinkError {
    pub(crate) fn field(field: &'static str, why: impl Into<String>) -> Self {
        Self::Field { field, why: why.into() }
    }
}
