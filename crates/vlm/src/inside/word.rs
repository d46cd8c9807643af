//! How alike a word of an answer and the visual tokens are inside the language model.

use std::ops::Range;

use sightline_answer::{Map, MapQuery};
use sightline_kernels::Buffer;
use sightline_language::Tokenizer;

use super::said::Said;
use super::{cosine, heat};
use crate::error::{Result, VlmError};
use crate::talk::Talk;

/// Where a word stands.
struct Found {
    /// Its tokens, in [`Said::ids`].
    tokens: Range<usize>,
    in_question: bool,
}

/// Fills in the cosine of the word's hidden state with that of every visual token. A word of
/// several tokens has the mean of their states.
pub(super) async fn map(talk: &mut Talk, visual: &Buffer, mut map: Map, query: &MapQuery) -> Result<Map> {
    let all = talk.language().llama().config().layers;
    let layers = query.layer.map_or(usual_layer(all), |layer| layer as usize);
    if layers > all {
        return Err(VlmError::NoMap {
            id: map.model,
            why: format!("there is no layer {layers}: the language model has {all}"),
        });
    }
    let said = talk.said().cloned().ok_or(VlmError::NoPicture)?;
    let found = find(talk.language().tokenizer(), &said, &query.word)?;
    let count = map.grid[0] as usize * map.grid[1] as usize;
    let (patches, words) = talk
        .hidden_states(visual, count, &said.ids[..found.tokens.end], layers)
        .await?;
    let width = patches.len() / count;
    let mut mean = vec![0.0f32; width];
    for state in words.chunks_exact(width).skip(found.tokens.start) {
        for (mean, value) in mean.iter_mut().zip(state) {
            *mean += value / found.tokens.len() as f32;
        }
    }
    map.word = Some((query.word.clone(), found.tokens.len() as u32));
    map.in_question = found.in_question;
    map.layer = Some(layers as u32);
    map.heats = vec![heat("", patches.chunks_exact(width).map(|patch| cosine(patch, &mean)))];
    Ok(map)
}

/// Number of layers before the comparison where none is asked for: a third of them. Of the depths
/// that were tried with the shipped pair, words meet their things best there (docs/look-inside.md).
fn usual_layer(all: usize) -> usize {
    all / 3
}

/// Finds a word in the answer, else in the question. Case does not matter, nor do marks around it.
fn find(tokenizer: &Tokenizer, said: &Said, word: &str) -> Result<Found> {
    let wanted = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let missing = || VlmError::NoWord {
        word: word.to_owned(),
        answer: tokenizer.decode(&said.ids[said.prompt..]),
    };
    if wanted.is_empty() {
        return Err(missing());
    }
    let (prompt, answer) = said.ids.split_at(said.prompt);
    if let Some(tokens) = tokens_of(tokenizer, answer, "", &wanted) {
        return Ok(Found {
            tokens: tokens.start + said.prompt..tokens.end + said.prompt,
            in_question: false,
        });
    }
    let tokens = tokens_of(tokenizer, prompt, &said.question, &wanted).ok_or_else(missing)?;
    Ok(Found {
        tokens,
        in_question: true,
    })
}

/// The tokens of the first whole word `wanted` (lower case) in the text of `ids`, or in the part of
/// that text that is `within`.
fn tokens_of(tokenizer: &Tokenizer, ids: &[u32], within: &str, wanted: &str) -> Option<Range<usize>> {
    let mut ends = Vec::with_capacity(ids.len());
    let mut bytes = Vec::new();
    for &id in ids {
        bytes.extend_from_slice(tokenizer.token_bytes(id));
        ends.push(bytes.len());
    }
    let text = String::from_utf8(bytes).ok()?;
    let from = text.rfind(within)?;
    let part = match within {
        "" => text.as_str(),
        _ => &text[from..from + within.len()],
    };
    let start = match within {
        "" => 0,
        _ => from,
    };
    let place = words(part).find(|word| part[word.clone()].to_lowercase() == *wanted)?;
    let place = place.start + start..place.end + start;
    let first = ends.iter().position(|&end| end > place.start)?;
    let last = ends.iter().position(|&end| end >= place.end)?;
    Some(first..last + 1)
}

/// Runs of letters and digits in a text.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let length = text[start..].find(|c: char| !c.is_alphanumeric());
        at = length.map_or(text.len(), |length| start + length);
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let text = "[0.10, 7], two dogs.";
        let found: Vec<&str> = words(text).map(|word| &text[word]).collect();
        assert_eq!(found, ["0", "10", "7", "two", "dogs"]);
        assert_eq!(words(" .,").count(), 0);
        let text = "größe é";
        let found: Vec<&str> = words(text).map(|word| &text[word]).collect();
        assert_eq!(found, ["größe", "é"]);
    }
}
