//! The prompt that training used; see `docs/model-format.md`, "Prompt", and
//! `tests/contract/prompt.json`.
//!
//! The prefix (beginning of sequence, visual tokens) is [`crate::Session::prefill_prefix`]; this
//! module makes the tokens after it.

use crate::error::{LanguageError, Result};
use crate::session::CAPACITY;
use crate::tokenizer::Tokenizer;

/// Number of positions kept free for the answer.
pub const ANSWER_ROOM: usize = 64;

/// Token ids of one user turn and the assistant's opening.
///
/// White space around the question is stripped. Names of control tokens inside it are encoded as
/// the plain text they are.
///
/// # Errors
/// An empty question, or one that does not fit beside a prefix of `prefix` tokens and
/// [`ANSWER_ROOM`].
pub fn question(tokenizer: &Tokenizer, question: &str, prefix: usize) -> Result<Vec<u32>> {
    let question = question.trim();
    if question.is_empty() {
        return Err(LanguageError::EmptyQuestion);
    }
    let mut ids = vec![tokenizer.turn_start()];
    ids.extend(tokenizer.encode(&format!("user\n{question}"))?);
    ids.push(tokenizer.turn_end());
    ids.extend(tokenizer.encode("\n")?);
    ids.push(tokenizer.turn_start());
    ids.extend(tokenizer.encode("assistant\n")?);
    let limit = CAPACITY.saturating_sub(prefix + ANSWER_ROOM);
    if ids.len() > limit {
        return Err(LanguageError::TooLong {
            tokens: ids.len(),
            limit,
        });
    }
    Ok(ids)
}
