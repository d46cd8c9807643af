//! Byte-level BPE (GPT-2), the family `gpt2`.

use std::collections::HashSet;

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::{Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::{CONTROL, Family, Vocabulary};
use crate::error::{LanguageError, Result};

/// How a text is split into words before GPT-2's pattern.
#[derive(Clone, Copy)]
struct Splitter {
    /// Whether every digit is a word.
    digits: bool,
}

/// The splitters that are supported, by the name that `tokenizer.ggml.pre` gives them.
const SPLITTERS: &[(&str, Splitter)] = &[
    // llama.cpp, `LLAMA_VOCAB_PRE_TYPE_SMOLLM`.
    ("smollm", Splitter { digits: true }),
];

/// Byte-level BPE with the vocabulary and merges of a GGUF file.
struct Bpe {
    bpe: BPE,
    digits: Option<Digits>,
    byte_level: ByteLevel,
    /// Bytes of every token; empty for control tokens.
    bytes: Vec<Vec<u8>>,
}

/// From a file's vocabulary. The error says what is wrong with it.
pub(super) fn make(vocabulary: &Vocabulary<'_>) -> Result<Box<dyn Family>> {
    let Vocabulary { gguf, tokens, types } = *vocabulary;
    let pre = gguf.str("tokenizer.ggml.pre")?;
    let Some((_, splitter)) = SPLITTERS.iter().find(|(known, _)| *known == pre) else {
        let known: Vec<&str> = SPLITTERS.iter().map(|(known, _)| *known).collect();
        return Err(vocabulary.refuse(format!(
            "tokenizer.ggml.pre: the splitter `{pre}` is not supported yet: supported are {}; take a model with one \
             of these",
            known.join(", ")
        )));
    };
    let rules = gguf.strings("tokenizer.ggml.merges")?;
    let merges = merges(rules, tokens).map_err(|problem| vocabulary.refuse(problem))?;
    let alphabet = alphabet();
    let bytes_of = |(token, kind): (&&str, &i64)| match *kind {
        CONTROL => Vec::new(),
        _ => bytes_of(token, &alphabet),
    };
    let ids = tokens.iter().zip(0..).map(|(token, id)| (token.to_string(), id));
    let bpe = BPE::builder()
        .vocab_and_merges(ids.collect::<AHashMap<_, _>>(), merges)
        .build()
        .map_err(|e| vocabulary.refuse(e.to_string()))?;
    Ok(Box::new(Bpe {
        bpe,
        digits: splitter.digits.then(|| Digits::new(true)),
        byte_level: ByteLevel::new(false, false, true),
        bytes: tokens.iter().zip(types).map(bytes_of).collect(),
    }))
}

impl Family for Bpe {
    fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encode = || -> tokenizers::Result<Vec<u32>> {
            let mut pieces = PreTokenizedString::from(text);
            if let Some(digits) = &self.digits {
                digits.pre_tokenize(&mut pieces)?;
            }
            self.byte_level.pre_tokenize(&mut pieces)?;
            pieces.tokenize(|piece| self.bpe.tokenize(piece.get()))?;
            let splits = pieces.get_splits(OffsetReferential::Original, OffsetType::None);
            let tokens = splits.into_iter().filter_map(|(_, _, tokens)| tokens.as_ref());
            Ok(tokens.flatten().map(|token| token.id).collect())
        };
        encode().map_err(|e| LanguageError::Encode(e.to_string()))
    }

    fn token_bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }
}

/// The merge rules. Each is checked to join two tokens into a token, which the BPE builder relies
/// on.
fn merges(rules: &[&str], tokens: &[&str]) -> Result<Vec<(String, String)>, String> {
    let known: HashSet<&str> = tokens.iter().copied().collect();
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
}
