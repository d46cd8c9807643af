//! What may be asked for: who answers, with which pictures, and how.

use sightline_vlm::Options;

/// Longest written answer of tasks at hand, tokens. The paper's evaluation allows 128, and these
/// models stop long before.
pub(crate) const MAX_TOKENS: usize = 128;

/// How every answer is made.
pub(crate) const OPTIONS: Options = Options {
    max_tokens: MAX_TOKENS,
    temperature: 0.0,
    seed: 0,
};

/// Answers to compare a model's with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Control {
    /// The model, but every question with another one's picture.
    Shuffled,
    /// No model: the answer that is most often right, for every question.
    Majority,
    /// No model: for every question the right answer to a random one.
    Chance,
    /// No pictures: the language model with adapters of the same training without visual tokens.
    Blind,
}

/// Who answers a question about where a thing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum By {
    /// The language model, in words.
    #[default]
    Language,
    /// The dense head: the most probable place of the named thing.
    Dense,
}
