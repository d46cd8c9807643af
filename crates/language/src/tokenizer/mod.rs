//! Token ids of text, and text of token ids. A GGUF file names the family of its tokenizer and
//! holds its vocabulary.

mod bpe;
mod stream;

use std::collections::HashMap;

use sightline_checkpoint::gguf::Gguf;

use crate::error::{LanguageError, Result};
pub use stream::TextStream;

/// `tokenizer.ggml.token_type` of an ordinary token.
const NORMAL: i64 = 1;
/// The same of a control token.
const CONTROL: i64 = 3;
/// The same of a token that nothing encodes to.
const UNUSED: i64 = 5;

/// How a family splits text into tokens.
trait Family: Send + Sync {
    /// Token ids of plain text.
    fn encode(&self, text: &str) -> Result<Vec<u32>>;

    /// The bytes of a token; none for control tokens and unknown ids.
    fn token_bytes(&self, id: u32) -> &[u8];
}

/// Makes the tokenizer of a family from a file's vocabulary.
type Make = fn(&Vocabulary<'_>) -> Result<Box<dyn Family>>;

/// The families that are supported, by the name that `tokenizer.ggml.model` gives them.
const FAMILIES: &[(&str, Make)] = &[("gpt2", bpe::make)];

/// Metadata of a tokenizer that is obeyed, or that changes no prompt: templates hold all tokens of
/// a prompt, so nothing is put before or behind a text.
const KNOWN: &[&str] = &[
    "model",
    "pre",
    "tokens",
    "token_type",
    "scores",
    "merges",
    "bos_token_id",
    "eos_token_id",
    "eot_token_id",
    "eom_token_id",
    "unknown_token_id",
    "padding_token_id",
    "seperator_token_id",
    "separator_token_id",
    "cls_token_id",
    "mask_token_id",
    "add_bos_token",
    "add_eos_token",
    "add_sep_token",
    "add_space_prefix",
    "remove_extra_whitespaces",
];

/// The tokens of a file and their kinds.
struct Vocabulary<'a> {
    gguf: &'a Gguf<'a>,
    tokens: &'a [&'a str],
    types: &'a [i64],
}

impl Vocabulary<'_> {
    fn refuse(&self, problem: String) -> LanguageError {
        refuse(self.gguf, problem)
    }
}

fn refuse(gguf: &Gguf<'_>, problem: String) -> LanguageError {
    LanguageError::Tokenizer {
        file: gguf.file().into(),
        problem,
    }
}

/// Token ids of text with the vocabulary of a GGUF file, and back.
pub struct Tokenizer {
    family: Box<dyn Family>,
    /// Number of tokens.
    vocabulary: usize,
    /// Ids of the control tokens by their names.
    control: HashMap<String, u32>,
}

impl Tokenizer {
    /// From a file's metadata, which names the family.
    ///
    /// # Errors
    /// [`LanguageError::Tokenizer`] says what is wrong with the vocabulary, or that its family is
    /// not supported.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Self> {
        let refuse = |problem: String| refuse(gguf, problem);
        let family = gguf.str("tokenizer.ggml.model")?;
        let Some((_, make)) = FAMILIES.iter().find(|(known, _)| *known == family) else {
            let known: Vec<&str> = FAMILIES.iter().map(|(known, _)| *known).collect();
            return Err(refuse(format!(
                "tokenizer.ggml.model: the tokenizer family `{family}` is not supported yet: supported are {}; take \
                 a model with one of these",
                known.join(", ")
            )));
        };
        obeyed(gguf).map_err(refuse)?;
        let tokens = gguf.strings("tokenizer.ggml.tokens")?;
        let types = gguf.integers("tokenizer.ggml.token_type")?;
        check(tokens, types).map_err(refuse)?;
        let control = tokens.iter().zip(types).zip(0..);
        let control = control
            .filter(|((_, kind), _)| **kind == CONTROL)
            .map(|((token, _), id)| (token.to_string(), id))
            .collect();
        Ok(Self {
            family: make(&Vocabulary { gguf, tokens, types })?,
            vocabulary: tokens.len(),
            control,
        })
    }

    /// Token ids of plain text. No part of it becomes a control token, even if it spells one.
    ///
    /// # Errors
    /// [`LanguageError::Encode`] if the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.family.encode(text)
    }

    /// The bytes of a token: part of a character, a character or many. Control tokens have none.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        self.family.token_bytes(id)
    }

    /// The text of some tokens, with U+FFFD for bytes that are not UTF-8.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.token_bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Number of tokens.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The control token of that name.
    pub fn control(&self, name: &str) -> Option<u32> {
        self.control.get(name).copied()
    }
}

/// Fails on metadata that asks for something that is not done.
fn obeyed(gguf: &Gguf<'_>) -> Result<(), String> {
    for key in gguf.keys() {
        let Some(name) = key.strip_prefix("tokenizer.ggml.") else {
            continue;
        };
        if !KNOWN.contains(&name) {
            return Err(format!(
                "{key} is a setting that this program does not know; take a file without it"
            ));
        }
    }
    for key in [
        "tokenizer.ggml.add_space_prefix",
        "tokenizer.ggml.remove_extra_whitespaces",
    ] {
        if gguf.value(key).is_some_and(|value| value.as_bool() != Some(false)) {
            return Err(format!(
                "{key} is not false, and no text is changed before it is split; take a file without it"
            ));
        }
    }
    Ok(())
}

/// Fails on tokens that the types do not fit, that appear twice, or whose type is not supported.
fn check(tokens: &[&str], types: &[i64]) -> Result<(), String> {
    if types.len() != tokens.len() {
        return Err(format!("{} token types for {} tokens", types.len(), tokens.len()));
    }
    let mut seen = std::collections::HashSet::with_capacity(tokens.len());
    for (token, kind) in tokens.iter().zip(types) {
        if !seen.insert(token) {
            return Err(format!("token `{token}` appears twice"));
        }
        if ![NORMAL, CONTROL, UNUSED].contains(kind) {
            return Err(format!(
                "tokenizer.ggml.token_type: token `{token}` has type {kind}; supported are {NORMAL} (normal), {CONTROL} \
                 (control) and {UNUSED} (unused); take a model with these alone"
            ));
        }
    }
    Ok(())
}
