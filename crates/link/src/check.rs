//! Bounds of every field. They hold for what is written and for what is read.

use std::collections::BTreeSet;

use crate::codec;
use crate::content::{MOST_PICTURE, Picture, Settings, Shared, SharedAnswer, SharedBox, Source};
use crate::error::LinkError;

type Result = std::result::Result<(), LinkError>;

/// Longest texts, in characters.
const QUESTION: usize = 500;
const ANSWER: usize = 1000;
const LABEL: usize = 60;
const DEVICE: usize = 120;
const ID: usize = 64;
const ANSWERS: usize = 4;
const BOXES: usize = 16;
const TOKENS: u32 = 1024;
const TEMPERATURE: f32 = 2.0;
/// Longest side of a picture, px.
const SIDE: u32 = 65_535;
/// An hour: no step takes longer.
const MS: u32 = 3_600_000;
const PER_MILLE: u16 = 1000;

impl Shared {
    /// Checks every field.
    pub(crate) fn check(&self) -> Result {
        self.picture.check()?;
        text("question", &self.question, QUESTION, false)?;
        if self.question.trim().is_empty() {
            return Err(LinkError::field("question", "is empty"));
        }
        self.settings.check()?;
        text("device", &self.device, DEVICE, false)?;
        if !(1..=ANSWERS).contains(&self.answers.len()) {
            let why = format!("are {}, and 1 to {ANSWERS} are allowed", self.answers.len());
            return Err(LinkError::field("answers", why));
        }
        let models: BTreeSet<&str> = self.answers.iter().map(|answer| answer.model.as_str()).collect();
        if models.len() < self.answers.len() {
            return Err(LinkError::field("answers", "name one model twice"));
        }
        self.answers
            .iter()
            .try_for_each(|answer| answer.check(self.picture.size))
    }
}

impl Picture {
    fn check(&self) -> Result {
        if self.size.iter().any(|side| !(1..=SIDE).contains(side)) {
            let why = format!("has a side outside 1 to {SIDE} px");
            return Err(LinkError::field("picture", why));
        }
        match &self.source {
            Source::Gallery(id) => name("gallery picture", id),
            Source::Hash(hash) => sha256("picture's hash", hash),
            Source::File(bytes) if bytes.len() > MOST_PICTURE => {
                let why = format!("has {} bytes, {MOST_PICTURE} are allowed", bytes.len());
                Err(LinkError::field("picture", why))
            }
            Source::File(bytes) if !codec::is_picture(bytes) => {
                Err(LinkError::field("picture", "is no JPEG, PNG or WebP file"))
            }
            Source::File(_) => Ok(()),
        }
    }
}

impl Settings {
    fn check(&self) -> Result {
        if !(1..=TOKENS).contains(&self.max_tokens) {
            return Err(LinkError::field("length limit", format!("is not 1 to {TOKENS} tokens")));
        }
        if !(0.0..=TEMPERATURE).contains(&self.temperature) {
            return Err(LinkError::field("temperature", format!("is not 0 to {TEMPERATURE}")));
        }
        Ok(())
    }
}

impl SharedAnswer {
    fn check(&self, size: [u32; 2]) -> Result {
        name("model", &self.model)?;
        sha256("hash of the weights", &self.weights)?;
        text("answer", &self.text, ANSWER, true)?;
        if self.boxes.len() > BOXES {
            let why = format!("are {} in one answer, {BOXES} are allowed", self.boxes.len());
            return Err(LinkError::field("boxes", why));
        }
        let times: [u32; 5] = self.times.into();
        if times.iter().any(|ms| *ms > MS) {
            return Err(LinkError::field("times", "hold one above an hour"));
        }
        if self.tokens > TOKENS {
            return Err(LinkError::field("number of tokens", format!("is above {TOKENS}")));
        }
        self.boxes.iter().try_for_each(|found| found.check(size))
    }
}

impl SharedBox {
    fn check(&self, [width, height]: [u32; 2]) -> Result {
        let [x1, y1, x2, y2] = self.px;
        if x1 >= x2 || y1 >= y2 || x2 > width || y2 > height {
            return Err(LinkError::field("box", "does not lie in the picture"));
        }
        if self.per_mille.is_some_and(|share| share > PER_MILLE) {
            return Err(LinkError::field("box", "has a probability above 1"));
        }
        self.label
            .iter()
            .try_for_each(|label| text("label of a box", label, LABEL, false))
    }
}

/// A text for people: of bounded length, without characters that hide or turn what stands beside
/// it.
fn text(field: &'static str, value: &str, most: usize, lines: bool) -> Result {
    let count = value.chars().count();
    if count > most {
        return Err(LinkError::field(
            field,
            format!("has {count} characters, {most} are allowed"),
        ));
    }
    let hidden = |c: char| (c.is_control() && !(lines && c == '\n')) || is_format(c);
    match value.chars().find(|c| hidden(*c)) {
        Some(c) => Err(LinkError::field(
            field,
            format!("has the invisible character U+{:04X}", u32::from(c)),
        )),
        None => Ok(()),
    }
}

/// Characters that turn the direction of the text around them, join or hide. Emoji and scripts need
/// the joiners U+200C and U+200D, which stay.
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
    ) || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// An id: letters, digits, `-`, `_` and `.`, and no dot first, so that it can never be a path.
fn name(field: &'static str, value: &str) -> Result {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if value.is_empty() || value.len() > ID || !value.chars().all(good) || value.starts_with('.') {
        let why = format!("is no id: 1 to {ID} letters, digits, -, _ and ., the first no dot");
        return Err(LinkError::field(field, why));
    }
    Ok(())
}

fn sha256(field: &'static str, value: &str) -> Result {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if value.len() != 64 || !value.bytes().all(hex) {
        return Err(LinkError::field(field, "is no SHA-256: 64 digits and letters a to f"));
    }
    Ok(())
}
