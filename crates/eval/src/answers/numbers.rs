//! Numbers to their last bit.
//!
//! As it is built here, serde_json rounds decimals of more digits than a double holds up to one
//! unit off, and a tie or a threshold then falls otherwise than in Python. Its feature
//! `float_roundtrip` would mend that, at the price that features hold for a whole build: the GPU
//! stack, which uses serde_json as well, would be compiled once with it and once without. So
//! decimals that are at risk are handed through it as marked texts, and parsed by the standard
//! library, which rounds correctly. So are whole numbers beyond 64 bits, which may be ids.
//!
//! Halves of surrogate pairs, which Python writes and reads and Rust's texts cannot hold, become
//! U+FFFD on the way.

use std::borrow::Cow;

use serde_json::Value;
use sightline_checkpoint::json::{REPLACEMENT, halves};

/// What marks a text that is a number: nothing that a model or a benchmark says begins like this.
const MARK: &str = "\u{1}number\u{1}";
/// The same in JSON.
const MARK_JSON: &[u8] = b"\"\\u0001number\\u0001";

/// Digits up to which a decimal is exact: fewer than 2^53, over a power of ten that a double holds.
const EXACT: usize = 15;

/// Digits up to which a whole number may fit into 64 bits.
const LONG: usize = 18;

/// A JSON text in which numbers at risk are marked texts, and halves of surrogate pairs U+FFFD.
/// What is not valid stays so.
pub(crate) fn mark(json: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while at < json.len() {
        match json[at] {
            b'"' => {
                let end = after_text(json, at + 1);
                for half in halves(&json[at..end]) {
                    out.extend_from_slice(&json[copied..at + half]);
                    out.extend_from_slice(REPLACEMENT.as_bytes());
                    copied = at + half + REPLACEMENT.len();
                }
                at = end;
            }
            b'-' | b'0'..=b'9' => {
                let token = json[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                    .count();
                if is_at_risk(&json[at..at + token]) {
                    out.extend_from_slice(&json[copied..at]);
                    out.extend_from_slice(MARK_JSON);
                    out.extend_from_slice(&json[at..at + token]);
                    out.push(b'"');
                    copied = at + token;
                }
                at += token;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(&json[copied..]);
    Cow::Owned(out)
}

/// The place after a text that began before `at`.
fn after_text(json: &[u8], mut at: usize) -> usize {
    while at < json.len() {
        match json[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

/// Whether a token is a number in JSON's grammar that is not exact anyway: a decimal of many
/// digits, or one with an exponent.
fn is_at_risk(token: &[u8]) -> bool {
    let digits = |from: &[u8]| from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = token.strip_prefix(b"-").unwrap_or(token);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b".") {
        fraction = digits(after);
        if fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    }
    let exponent = rest.first().is_some_and(|byte| b"eE".contains(byte));
    if exponent {
        rest = &rest[1..];
        rest = rest
            .strip_prefix(b"+")
            .or_else(|| rest.strip_prefix(b"-"))
            .unwrap_or(rest);
        let count = digits(rest);
        if count == 0 {
            return false;
        }
        rest = &rest[count..];
    }
    let long = fraction == 0 && whole > LONG;
    rest.is_empty() && (exponent || long || (fraction > 0 && whole + fraction > EXACT))
}

/// The text of a marked number.
fn marked(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(MARK)
}

/// The digits of a whole number that was marked because it is long.
pub(crate) fn whole(value: &Value) -> Option<&str> {
    marked(value).filter(|text| text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a value is a number.
pub(crate) fn is_number(value: &Value) -> bool {
    value.is_number() || marked(value).is_some()
}

/// A number's value.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match marked(value) {
        Some(text) => text.parse().ok(),
        None => value.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::split_mix;

    #[test]
    fn to_the_last_bit() {
        for at in 0..20_000 {
            let bits = split_mix(1, at);
            // Shares, and doubles of any size.
            let value = if at % 2 == 0 {
                (bits >> 11) as f64 / (1_u64 << 53) as f64
            } else {
                f64::from_bits(bits)
            };
            if !value.is_finite() {
                continue;
            }
            for text in [format!("{value:?}"), format!("{value:e}"), format!("{value:.25}")] {
                let json = format!("[{text}, \"{text}\\\"{text}\"]");
                let list: Vec<Value> = serde_json::from_slice(&mark(json.as_bytes())).expect("JSON");
                let expected: f64 = text.parse().expect("a number");
                assert_eq!(number(&list[0]).map(f64::to_bits), Some(expected.to_bits()), "{text}");
                assert_eq!(list[1].as_str(), Some(&*format!("{text}\"{text}")));
            }
        }
    }

    #[test]
    fn long_whole_numbers_keep_their_digits() {
        let json = "[18446744073709551616, -9223372036854775809, 1.5e3, 12, \"a\"]";
        let list: Vec<Value> = serde_json::from_slice(&mark(json.as_bytes())).expect("JSON");
        assert_eq!(whole(&list[0]), Some("18446744073709551616"));
        assert_eq!(whole(&list[1]), Some("-9223372036854775809"));
        assert_eq!((whole(&list[2]), whole(&list[3]), whole(&list[4])), (None, None, None));
        assert_eq!(number(&list[0]), Some(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn halves_of_pairs_are_replaced() {
        for (json, text) in [
            (r#""a \ud800 b""#, "a \u{fffd} b"),
            (r#""\ud83d\ude00\ud83d""#, "\u{1f600}\u{fffd}"),
            (r#""\ude00\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\\ud800\uDFFFx""#, "\\ud800\u{fffd}x"),
            (r#""\ud800\"b""#, "\u{fffd}\"b"),
        ] {
            let found: Value = serde_json::from_slice(&mark(json.as_bytes())).expect(json);
            assert_eq!(found.as_str(), Some(text), "{json}");
        }
    }

    #[test]
    fn what_is_not_valid_stays_so() {
        for json in [
            "[01.50000000000000001]",
            "[1.e5]",
            "[1e]",
            "[.5e1]",
            "[1.2.3e4]",
            "[NaN]",
            "[-]",
            "[\"a\\",
        ] {
            assert!(
                serde_json::from_slice::<Value>(&mark(json.as_bytes())).is_err(),
                "{json}"
            );
        }
        let whole = b"[123456789012345678, 0.5]";
        assert_eq!(&*mark(whole), whole);
    }
}
