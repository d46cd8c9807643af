//! Errors as sentences for people.

/// The text with a capital: it begins a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

/// An error's text with a capital and a full stop.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    capital(text.trim_end_matches('.')) + "."
}
