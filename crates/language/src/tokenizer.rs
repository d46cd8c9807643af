use std::collections::HashSet;

use ahash::AHashMap;
use sightline_checkpoint::gguf::Gguf;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::{Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use crate::error::{LanguageError, Result};

/// `tokenizer.ggml.token_type` of a control token.
const CONTROL: i64 = 3;

/// Byte-level BPE with the vocabulary and merges of a GGUF file.
///
/// The splitter is `smollm`, which the file names. It splits off every digit, then applies GPT-2's
/// pattern (llama.cpp, `LLAMA_VOCAB_PRE_TYPE_SMOLLM`).
pub struct Tokenizer {
    bpe: BPE,
    digits: Digits,
    byte_level: ByteLevel,
    /// Bytes of every token; empty for control tokens.
    bytes: Vec<Vec<u8>>,
    turn_start: u32,
    turn_end: u32,
}

impl Tokenizer {
    /// From a file's metadata.
    ///
    /// # Errors
    /// [`LanguageError::Tokenizer`] says what is wrong with the vocabulary.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Self> {
        let refuse = |problem: String| LanguageError::Tokenizer {
            file: gguf.file().into(),
            problem,
        };
        for (key, wanted) in [("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.pre", "smollm")] {
            let found = gguf.str(key)?;
            if found != wanted {
                return Err(refuse(format!("{key} is `{found}`, only `{wanted}` is known")));
            }
        }
        let tokens = gguf.strings("tokenizer.ggml.tokens")?;
        let types = gguf.integers("tokenizer.ggml.token_type")?;
        if types.len() != tokens.len() {
            return Err(refuse(format!(
                "{} token types for {} tokens",
                types.len(),
                tokens.len()
            )));
        }
        let mut vocabulary = AHashMap::with_capacity(tokens.len());
        for (id, &token) in tokens.iter().enumerate() {
            if vocabulary.insert(token.to_string(), id as u32).is_some() {
                return Err(refuse(format!("token `{token}` appears twice")));
            }
        }
        let id_of = |name: &str| {
            let id = vocabulary.get(name).copied();
            id.ok_or_else(|| refuse(format!("there is no token `{name}`")))
        };
        let (turn_start, turn_end) = (id_of("<|im_start|>")?, id_of("<|im_end|>")?);
        let merges = merges(gguf, tokens).map_err(refuse)?;
        let alphabet = alphabet();
        let bytes = tokens
            .iter()
            .zip(types)
            .map(|(token, &kind)| {
                if kind == CONTROL {
                    Vec::new()
                } else {
                    bytes_of(token, &alphabet)
                }
            })
            .collect();
        let bpe = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .build()
            .map_err(|e| refuse(e.to_string()))?;
        Ok(Self {
            bpe,
            digits: Digits::new(true),
            byte_level: ByteLevel::new(false, false, true),
            bytes,
            turn_start,
            turn_end,
        })
    }

    /// Token ids of plain text. No part of it becomes a control token, even if it spells one.
    ///
    /// # Errors
    /// [`LanguageError::Encode`] if the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encode = || -> tokenizers::Result<Vec<u32>> {
            let mut pieces = PreTokenizedString::from(text);
            self.digits.pre_tokenize(&mut pieces)?;
            self.byte_level.pre_tokenize(&mut pieces)?;
            pieces.tokenize(|piece| self.bpe.tokenize(piece.get()))?;
            let splits = pieces.get_splits(OffsetReferential::Original, OffsetType::None);
            let tokens = splits.into_iter().filter_map(|(_, _, tokens)| tokens.as_ref());
            Ok(tokens.flatten().map(|token| token.id).collect())
        };
        encode().map_err(|e| LanguageError::Encode(e.to_string()))
    }

    /// The bytes of a token: part of a character, a character or many. Control tokens have none.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// The text of some tokens, with U+FFFD for bytes that are not UTF-8.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.token_bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Number of tokens.
    pub fn vocabulary(&self) -> usize {
        self.bytes.len()
    }

    /// `<|im_start|>`.
    pub fn turn_start(&self) -> u32 {
        self.turn_start
    }

    /// `<|im_end|>`.
    pub fn turn_end(&self) -> u32 {
        self.turn_end
    }
}

/// The merge rules. Each is checked to join two tokens into a token, which the BPE builder relies
/// on.
fn merges(gguf: &Gguf<'_>, tokens: &[&str]) -> Result<Vec<(String, String)>, String> {
    let known: HashSet<&str> = tokens.iter().copied().collect();
    let rules = gguf.strings("tokenizer.ggml.merges").map_err(|e| e.to_string())?;
    let mut merges = Vec::with_capacity(rules.len());
    for rule in rules {
        let (left, right) = rule
            .split_once(' ')
            .ok_or_else(|| format!("merge `{rule}` is not a pair"))?;
        let whole = format!("{left}{right}");
        if let Some(unknown) = [left, right, &whole].into_iter().find(|part| !known.contains(part)) {
            return Err(format!(
                "merge `{rule}` needs the token `{unknown}`, which is not in the vocabulary"
            ));
        }
        merges.push((left.into(), right.into()));
    }
    Ok(merges)
}

/// GPT-2's byte-level alphabet: the character that stands for each byte (`bytes_to_unicode` in its
/// `encoder.py`).
fn alphabet() -> AHashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut next = 256;
    let mut alphabet = AHashMap::with_capacity(256);
    for byte in 0..=u8::MAX {
        let character = if printable(byte) {
            char::from(byte)
        } else {
            next += 1;
            char::from_u32(next - 1).unwrap_or_default()
        };
        alphabet.insert(character, byte);
    }
    alphabet
}

/// The bytes a token's name stands for; characters outside the alphabet stand for themselves.
fn bytes_of(token: &str, alphabet: &AHashMap<char, u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    for character in token.chars() {
        match alphabet.get(&character) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend(character.to_string().as_bytes()),
        }
    }
    bytes
}

/// Turns tokens into text, although a token may end inside a character.
#[derive(Debug, Default)]
pub struct TextStream {
    /// The start of an incomplete character: at most three bytes.
    pending: Vec<u8>,
}

impl TextStream {
    /// Takes the bytes of the next token and returns the characters that are complete. Bytes that
    /// belong to no character become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    match error.error_len() {
                        Some(len) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            rest = &rest[len..];
                        }
                        None => break,
                    }
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }

    /// The rest after the last token: U+FFFD for the start of a character, otherwise nothing.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_every_byte_once() {
        let alphabet = alphabet();
        assert_eq!(alphabet.len(), 256);
        assert_eq!(alphabet.values().collect::<HashSet<_>>().len(), 256);
        assert_eq!((alphabet[&'Ġ'], alphabet[&'Ċ'], alphabet[&'a']), (b' ', b'\n', b'a'));
    }

    #[test]
    fn characters_come_out_whole() {
        let mut stream = TextStream::default();
        let bytes = "a🫖é".as_bytes();
        let pieces: Vec<String> = bytes.iter().map(|b| stream.push(&[*b])).collect();
        assert_eq!(pieces, ["a", "", "", "", "🫖", "", "é"]);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn broken_characters_are_replaced() {
        let mut stream = TextStream::default();
        assert_eq!(stream.push(b"a\xff\xe2\x82b"), "a\u{fffd}\u{fffd}b");
        assert_eq!(stream.push(b"\xf0\x9f"), "");
        assert_eq!(stream.finish(), "\u{fffd}");
        assert_eq!(stream.push(b"c"), "c");
    }
}
