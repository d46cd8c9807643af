//! Python's text semantics, which are part of the official scores: white space, digits, letter
//! case, splitting, rounding.
//!
//! As CPython 3.11 has them, whose character database is Unicode 14.0.0; Rust's own differs in
//! characters and in what is white space. Only text of Unicode scalar values: a Python `str` may
//! hold lone surrogates, ours cannot.

pub mod random;
#[rustfmt::skip]
mod tables;

use tables::{CASED, DECIMALS, IGNORABLE, LOWER, OTHER_DIGITS, SPACES};

/// The range of a sorted table that holds a character.
fn range_of(table: &[(u32, u32)], c: char) -> Option<(u32, u32)> {
    let code = u32::from(c);
    let after = table.partition_point(|&(first, _)| first <= code);
    let (first, last) = *table.get(after.checked_sub(1)?)?;
    (code <= last).then_some((first, last))
}

/// `c.isspace()`: more than Unicode's white space, for instance the separators U+001C to U+001F.
pub fn is_space(c: char) -> bool {
    match c {
        '\0'..='\x7f' => matches!(c, '\t'..='\r' | '\x1c'..=' '),
        _ => range_of(SPACES, c).is_some(),
    }
}

/// `c.isdecimal()`, which is also what `\d` matches in a regular expression over `str`.
pub fn is_decimal(c: char) -> bool {
    decimal_value(c).is_some()
}

/// `unicodedata.decimal(c)`: 0 to 9 for the decimal digits of every script, which `int` and `float`
/// read alike.
pub fn decimal_value(c: char) -> Option<u32> {
    match c {
        '\0'..='\x7f' => c.to_digit(10),
        _ => range_of(DECIMALS, c).map(|(first, _)| (u32::from(c) - first) % 10),
    }
}

/// `c.isdigit()`: decimals, and digits with a form of their own such as superscripts.
pub fn is_digit(c: char) -> bool {
    is_decimal(c) || range_of(OTHER_DIGITS, c).is_some()
}

/// `text.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `text.lstrip()`.
pub fn strip_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// `text.rstrip()`.
pub fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `text.split()`: at runs of white space, without empty parts.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|part| !part.is_empty())
}

/// `text.lower()`: full mappings, and the small sigma that the end of a word wants.
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            'Σ' => {
                let is_final = ends_cased(text[..at].chars().rev()) && !ends_cased(text[at + c.len_utf8()..].chars());
                out.push(if is_final { 'ς' } else { 'σ' });
            }
            'İ' => out.push_str("i\u{307}"),
            _ => out.push(lower_char(c)),
        }
    }
    out
}

/// Whether the next character that is not case-ignorable is cased.
fn ends_cased(mut away: impl Iterator<Item = char>) -> bool {
    away.find(|&c| range_of(IGNORABLE, c).is_none())
        .is_some_and(|c| range_of(CASED, c).is_some())
}

/// The small letter of a character that has one of one character; without regard to what stands
/// around it.
fn lower_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let code = u32::from(c);
    let after = LOWER.partition_point(|&(first, ..)| first <= code);
    let Some(&(first, last, step, distance)) = after.checked_sub(1).and_then(|at| LOWER.get(at)) else {
        return c;
    };
    if code > last || (code - first) % step != 0 {
        return c;
    }
    code.checked_add_signed(distance).and_then(char::from_u32).unwrap_or(c)
}

/// `round(value, places)`: to the nearest decimal of the exact binary value, ties to the even
/// digit.
pub fn round(value: f64, places: usize) -> f64 {
    if !value.is_finite() {
        return value;
    }
    // Formatting works on the exact value and rounds ties to even; the golden set of strings holds
    // it to that.
    format!("{value:.places$}").parse().expect("a decimal")
}

/// `sum(values)` of Python up to 3.11: one plain addition after the other. (3.12 compensates.)
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |total, value| total + value)
}
