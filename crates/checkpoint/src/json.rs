//! JSON as Python writes it: texts may hold halves of surrogate pairs, which Rust's texts cannot.

use std::borrow::Cow;

/// The replacement character in JSON.
pub const REPLACEMENT: &str = "\\ufffd";

/// A JSON text in which U+FFFD takes the place of escaped halves of surrogate pairs.
///
/// ```
/// use sightline_checkpoint::json::without_halves;
///
/// assert_eq!(without_halves(r#""a \ud83d b \ud83d\ude00""#), r#""a \ufffd b \ud83d\ude00""#);
/// assert_eq!(without_halves(r#""\\ud83d""#), r#""\\ud83d""#);
/// ```
pub fn without_halves(json: &str) -> Cow<'_, str> {
    let found = halves(json.as_bytes());
    if found.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    let mut copied = 0;
    for at in found {
        // A half is as long as what replaces it, and both are ASCII.
        out.push_str(&json[copied..at]);
        out.push_str(REPLACEMENT);
        copied = at + REPLACEMENT.len();
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

/// Places of escaped halves of surrogate pairs without their other half, in a text of a JSON text.
pub fn halves(text: &[u8]) -> Vec<usize> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| !digits.starts_with('+'))
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        if text[at] != b'\\' {
            at += 1;
            continue;
        }
        match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                found.push(at);
                at += 6;
            }
            _ => at += 2,
        }
    }
    found
}
