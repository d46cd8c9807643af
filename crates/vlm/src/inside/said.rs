//! What was said of a picture.

/// A question and its answer as the language model read and wrote them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// The question, without white space around it.
    pub(crate) question: String,
    /// Token ids behind the visual tokens: the prompt, then the answer.
    pub(crate) ids: Vec<u32>,
    /// Number of tokens of the prompt.
    pub(crate) prompt: usize,
}
